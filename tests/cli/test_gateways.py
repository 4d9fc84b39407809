"""Gateways on the command line: from an example to what would be sent, and what failed."""

from __future__ import annotations

from tests.cli.conftest import Shop


def test_from_an_example_to_a_trial(shop: Shop) -> None:
    assert "sms_json" in shop("gateway", "example")
    example = shop("gateway", "example", "sms_json")
    saved = shop("gateway", "save", "sms", shop.file("g.yaml", example), "--secret-file", shop.file("s.txt", "hush-hush\n"), "--disabled")
    assert "gateway sms is saved" in saved
    assert "停用" in shop("--language", "zh", "gateway", "list")
    assert "已启用" in shop("--language", "zh", "gateway", "enable", "sms")
    assert "disabled" in shop("gateway", "disable", "sms")
    assert "${secret}" in shop("gateway", "show", "sms")
    shown = shop("gateway", "try", "sms", "+86 138", "--text", "你好")
    assert "Bearer hidden" in shown
    assert '"message": "你好"' in shown
    assert "not sent" in shown
    assert "hush" not in shown + shop("gateway", "show", "sms", "--json")
    assert shop.json("gateway", "messages") == []
    assert "0 messages" in shop("gateway", "messages", "--status", "failed", "--gateway", "sms")
    assert "0 messages wait once more" in shop("gateway", "retry", "--gateway", "sms")
    assert "say which messages" in shop.fails("gateway", "retry")
    assert "there are sms_json" in shop.fails("gateway", "example", "smoke")
    assert "TW423 channel" in shop.fails("gateway", "save", "x", shop.file("x.yaml", "url: https://x.example.com/\n"))
    assert "is removed" in shop("gateway", "remove", "sms")
