"""Texts that try to be code stay texts, wherever people can write."""

from __future__ import annotations

import io

import pytest
from flask import Flask

from engine.service import Engine
from tests.admin.conftest import PASSWORD, Browser

EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "<svg/onload=alert(1)>",
    "{{7*7}}",
    "{% print(7*7) %}",
    "javascript:alert(1)",
    "</textarea><script>alert(1)</script>",
    "\u2028<b>",
    "&lt;script&gt;",
)
RAW = ("<script>alert", "<img src=x", "<svg/onload", "onerror=alert(1)>", ">49<", "</textarea><script")


@pytest.mark.parametrize("text", EVIL)
def test_texts_that_people_write(graded: Engine, app: Flask, text: str) -> None:
    who = Browser(app).sign_in("administrator")
    titled = text.replace("\u2028", "")
    who.post("/runs/schedules", {"title": titled, "time": "02:00", "day": "1"})
    name = f"evil{EVIL.index(text)}"
    graded.people.add(name, roles=["viewer"], display_name=titled, password=PASSWORD)
    other = Browser(app).sign_in(name)
    header = text.replace("\n", " ")
    answer = who.post(
        "/imports/upload",
        {
            "file": (
                io.BytesIO(f'order,customer,date,amount,"{header.replace(chr(34), chr(34) * 2)}"\n{text},{text},x,1,{text}\n'.encode()),
                f"{text}.csv",
            )
        },
        content_type="multipart/form-data",
    )
    graded.jobs.submit("run", {"as_of": 1}, title=text)
    pages = [
        who.get("/runs/schedules"),
        who.get("/jobs/"),
        who.get(answer.location),
        who.get("/imports/", query_string={"search": text, "flt0_0": text}),
        who.get("/search/", query_string={"q": text}),
        who.get("/", query_string={"of": text}),
        who.get("/" + text.replace("/", "")),
        other.get("/profile"),
        other.get("/"),
        Browser(app).get("/login", query_string={"next": text}),
    ]
    for page in pages:
        assert page.status_code < 500
        if page.mimetype == "text/html":
            assert not [raw for raw in RAW if raw in page.text], page.request.path
    for schedule in graded.schedules.list():
        graded.schedules.remove(schedule.id)
