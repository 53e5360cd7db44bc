"""Learn: eight lessons, each a question that a figure answers."""

from __future__ import annotations

import streamlit as st

from gandash.app.lessons import LESSONS
from gandash.app.lessons.lesson import Lesson
from gandash.app.parts import links, page
from gandash.app.parts.begin_here import begin_here

NUMBERS = [str(number) for number in range(1, len(LESSONS) + 1)]


def question(lesson: Lesson, number: str) -> bool:
    """The question and the answers to choose from; whether one was chosen, which is answered."""
    st.markdown(lesson.asks)
    if not lesson.answers:
        return False
    key = f"lesson_{number}_answer"
    chosen = links.position(key, len(lesson.answers), -1)
    texts = [answer.text for answer in lesson.answers]
    shown = f"{key}_shown"
    st.session_state[shown] = texts[chosen] if chosen >= 0 else None
    st.radio("Your answer", texts, index=None, key=shown, on_change=put, args=(key, shown, texts))
    if chosen < 0:
        st.caption("Choose first: the figure moves then. Wrong answers are welcome.")
        return False
    answer = lesson.answers[chosen]
    icon = ":material/check_circle:" if answer.right else ":material/lightbulb:"
    (st.success if answer.right else st.info)(answer.says, icon=icon)
    return True


def put(key: str, shown: str, texts: list[str]) -> None:
    """Put the answer into the link, by its place."""
    st.query_params[key] = str(texts.index(st.session_state[shown]))


def further(lesson: Lesson, number: str) -> None:
    """What happened and why, where it is to be seen, and what a teacher may do with it."""
    explained, seen = st.columns([1.35, 1], gap="large")
    with explained:
        page.section("What happened, and why")
        st.markdown(lesson.why)
    with seen:
        page.section("See it")
        for view in lesson.see:
            st.page_link(
                st.Page(view.script, url_path=view.path, default=not view.path),
                label=view.label,
                icon=":material/arrow_forward:",
                query_params=dict(view.state),
            )
        with st.expander("For teachers", icon=":material/school:", key=f"lesson_{number}_teachers"):
            st.markdown(lesson.teachers)


def next_one(number: str) -> None:
    """The way on to the next lesson."""
    if number == NUMBERS[-1]:
        return
    following = NUMBERS[NUMBERS.index(number) + 1]
    st.button(
        f"Next: {following} · {LESSONS[int(following) - 1].title}",
        key="lesson_next",
        icon=":material/navigate_next:",
        on_click=go_to,
        args=(following,),
    )


def go_to(number: str) -> None:
    """Show another lesson, from its beginning."""
    st.session_state["lesson"] = number
    st.session_state["lessons_asked"] = st.session_state.get("lessons_asked", 0) + 1


page.header("Learn")
number = str(
    st.segmented_control(
        "Lesson",
        NUMBERS,
        default=NUMBERS[0],
        key="lesson",
        bind=links.one_of("lesson", NUMBERS),
        required=True,
        label_visibility="collapsed",
    )
)
lesson = LESSONS[int(number) - 1]
words, beside = st.columns([1, 1.35], gap="large")
with words, st.container(key="lesson_words"):
    page.section(f"{number} · {lesson.title}")
    answered = question(lesson, number)
with beside, page.one_sentence(), st.container(key="lesson_figure"):
    answered = lesson.figure(answered)
if answered:
    further(lesson, number)
next_one(number)
begin_here(".st-key-lesson_words", f"{number} ·", st.session_state.get("lessons_asked", 0))
