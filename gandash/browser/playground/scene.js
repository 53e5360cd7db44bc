// One frame of a recording: in the plane a map, on a line densities and D between them.

const REAL = [31, 148, 136];
const FAKE = [214, 82, 97];
const SAMPLE = "#6a5be8";
const PULL = 0.05; // of the picture's side: a usual pull
const LONGEST = 0.15;
const DENSITY = 0.46; // of the picture's height: the highest of p_data
const LINES_SHOWN = 27;

export const LEGEND = {
  real: `rgb(${REAL})`,
  fake: `rgb(${FAKE})`,
  sample: SAMPLE,
};

// shown: { optimum, data, pulls, grid } as booleans; ink: the color of the text around it.
export function drawScene(canvas, recording, frame, shown, ink) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  context.lineCap = "round";
  const scene = { context, width, height, recording, frame, shown, ink, ratio };
  if (recording.facts.dim === 1) drawLine(scene);
  else drawPlane(scene);
}

// In the plane

function drawPlane(scene) {
  const { context, width, height, recording, frame, shown, ink, ratio } = scene;
  const { reach } = recording.facts;
  const at = (x, y) => [((x / reach + 1) * width) / 2, ((1 - y / reach) * height) / 2];
  drawHeat(scene);
  if (shown.grid) drawGrid(scene, at);
  if (shown.data) {
    context.fillStyle = ink;
    context.globalAlpha = 0.55;
    drawDots(context, recording.whole("data"), at, 1.6 * ratio);
    context.globalAlpha = 1;
  }
  const fakes = recording.at("fakes", frame);
  if (shown.pulls) drawPulls(scene, fakes, at);
  context.fillStyle = SAMPLE;
  drawDots(context, fakes, at, 2.6 * ratio);
}

// D's output (or D* of the cells): one color near "real", the other near "generated", none between.
function drawHeat({ context, width, height, recording, frame, shown }) {
  const optimum = shown.optimum && recording.at("optimum", frame);
  const values = optimum || recording.at("heat", frame);
  const top = optimum ? 254 : 255;
  const side = Math.round(Math.sqrt(values.length));
  const image = new ImageData(side, side);
  for (let x = 0; x < side; x += 1) {
    for (let y = 0; y < side; y += 1) {
      const value = values[x * side + y];
      const place = 4 * ((side - 1 - y) * side + x);
      const share = Math.min(1, value / top);
      image.data.set(share > 0.5 ? REAL : FAKE, place);
      image.data[place + 3] = optimum && value === 255 ? 0 : Math.abs(share - 0.5) * 360;
    }
  }
  const small = new OffscreenCanvas(side, side);
  small.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = !optimum;
  context.drawImage(small, 0, 0, width, height);
}

function drawGrid({ context, recording, frame, ratio }, at) {
  const points = recording.at("warp", frame);
  if (!points) return;
  const side = Math.round(Math.sqrt(points.length / 2));
  const place = (row, column) => {
    const index = 2 * (row * side + column);
    return at(points[index], points[index + 1]);
  };
  context.strokeStyle = SAMPLE;
  context.globalAlpha = 0.5;
  context.lineWidth = ratio;
  for (let line = 0; line < side; line += 1) {
    for (const along of [(k) => place(line, k), (k) => place(k, line)]) {
      context.beginPath();
      for (let k = 0; k < side; k += 1) context.lineTo(...along(k));
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}

function drawDots(context, points, at, radius) {
  context.beginPath();
  for (let index = 0; index < points.length; index += 2) {
    const [x, y] = at(points[index], points[index + 1]);
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  context.fill();
}

function drawPulls({ context, width, recording, frame, ink, ratio }, fakes, at) {
  const pulls = recording.at("pulls", frame);
  context.strokeStyle = ink;
  context.lineWidth = 1.2 * ratio;
  context.beginPath();
  for (let index = 0; index < fakes.length; index += 2) {
    const [x, y] = at(fakes[index], fakes[index + 1]);
    const scale = pullScale(recording, Math.hypot(pulls[index], pulls[index + 1]), width);
    context.moveTo(x, y);
    context.lineTo(x + pulls[index] * scale, y - pulls[index + 1] * scale);
  }
  context.stroke();
}

// Pixels for a pull of 1: all of a run to the same scale, very long ones cut.
function pullScale(recording, length, side) {
  const scale = (PULL * side) / recording.unit;
  return length * scale > LONGEST * side ? (LONGEST * side) / length : scale;
}

// On a line: densities above, D over them, and the way from z to x below (as in figure 1 of the
// 2014 paper).

function drawLine(scene) {
  const { context, width, height, recording, frame, shown, ink, ratio } = scene;
  const { reach, probability } = recording.facts;
  const base = height * 0.72;
  const across = (x) => ((x / reach + 1) * width) / 2;
  const pData = recording.whole("p_data");
  const highest = Math.max(...pData);
  const up = (mass) => base - Math.min(1.35, mass / highest) * height * DENSITY;
  if (shown.data) {
    context.fillStyle = ink;
    context.globalAlpha = 0.18;
    steps(context, pData, width, up, base);
    context.fill();
    context.globalAlpha = 1;
  }
  context.strokeStyle = SAMPLE;
  context.lineWidth = 2.4 * ratio;
  smooth(context, recording.at("masses", frame), width, up);
  const judged = (values, top, dash) => {
    context.strokeStyle = LEGEND.real;
    context.lineWidth = 2 * ratio;
    context.setLineDash(dash.map((length) => length * ratio));
    smooth(context, values, width, (value) => base - (value / top) * base * 0.94, top);
    context.setLineDash([]);
  };
  judged(recording.at("heat", frame), 255, []);
  const optimum = recording.at("optimum", frame);
  if (shown.optimum && optimum) judged(optimum, 254, [2, 5]);
  context.strokeStyle = ink;
  context.globalAlpha = 0.6;
  context.lineWidth = ratio;
  rule(context, 0, width, base);
  if (probability) {
    context.setLineDash([4 * ratio, 4 * ratio]);
    rule(context, 0, width, base * (1 - 0.47));
    context.setLineDash([]);
  }
  context.globalAlpha = 1;
  if (shown.grid) drawWay(scene, across, base);
  if (shown.pulls) drawArrows(scene, across, base);
}

function rule(context, from, to, y) {
  context.beginPath();
  context.moveTo(from, y);
  context.lineTo(to, y);
  context.stroke();
}

function steps(context, masses, width, up, base) {
  const step = width / masses.length;
  context.beginPath();
  context.moveTo(0, base);
  masses.forEach((mass, index) => context.lineTo((index + 0.5) * step, up(mass)));
  context.lineTo(width, base);
}

function smooth(context, values, width, up, top = Infinity) {
  const step = width / values.length;
  context.beginPath();
  let drawn = false;
  values.forEach((value, index) => {
    const place = [(index + 0.5) * step, up(value)];
    if (value > top)
      drawn = false; // neither real nor generated lies there
    else if (drawn) context.lineTo(...place);
    else context.moveTo(...place);
    drawn = value <= top;
  });
  context.stroke();
}

function drawWay({ context, width, height, recording, frame, ink, ratio }, across, base) {
  const points = recording.at("warp", frame);
  if (!points) return;
  context.strokeStyle = ink;
  context.lineWidth = ratio;
  context.globalAlpha = 0.4;
  rule(context, width * 0.1, width * 0.9, height - 6 * ratio);
  context.strokeStyle = SAMPLE;
  context.globalAlpha = 0.7;
  context.beginPath();
  for (let line = 0; line < LINES_SHOWN; line += 1) {
    const share = (line + 0.5) / LINES_SHOWN;
    context.moveTo(width * (0.1 + 0.8 * share), height - 6 * ratio);
    context.lineTo(across(points[Math.floor(share * points.length)]), base);
  }
  context.stroke();
  context.globalAlpha = 1;
}

function drawArrows({ context, width, recording, frame, ink, ratio }, across, base) {
  const fakes = recording.at("fakes", frame);
  const pulls = recording.at("pulls", frame);
  context.strokeStyle = ink;
  context.lineWidth = 1.2 * ratio;
  context.beginPath();
  for (let index = 0; index < fakes.length; index += 4) {
    const y = base + (4 + (index % 16)) * ratio;
    const scale = pullScale(recording, Math.abs(pulls[index]), width);
    context.moveTo(across(fakes[index]), y);
    context.lineTo(across(fakes[index]) + pulls[index] * scale, y);
  }
  context.stroke();
}
