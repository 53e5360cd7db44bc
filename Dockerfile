# gandash on CPU: docker build -t gandash . && docker run -p 8501:8501 -v gandash:/data gandash
FROM python:3.11-slim

# The largest layer first: it changes only with these versions (the CUDA builds are ten times larger).
COPY constraints.txt /tmp/
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu \
    $(grep -E '^(torch|torchvision)==' /tmp/constraints.txt)

WORKDIR /app
COPY requirements.txt pyproject.toml README.md ./
RUN pip install --no-cache-dir --constraint /tmp/constraints.txt -r requirements.txt
COPY streamlit_app.py ./
COPY .streamlit .streamlit
COPY gandash gandash
COPY pretrained pretrained

RUN useradd --create-home gandash && mkdir /data && chown gandash /data
USER gandash
ENV GANDASH_RUNS=/data/runs GANDASH_DATA=/data/datasets OMP_WAIT_POLICY=PASSIVE
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as it; it.urlopen('http://127.0.0.1:8501/health')"]
CMD ["python", "-m", "gandash", "app", "--host", "0.0.0.0"]
