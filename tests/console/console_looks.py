"""What is looked at on every page by script: names, headings, tables, targets and the contrast of what is really drawn.

Expressions for a browser; each gives a list of sentences, empty where nothing is wrong. Must not know a page.
"""

from __future__ import annotations

from typing import Any

NAMED = {
    "button",
    "checkbox",
    "combobox",
    "image",
    "link",
    "navigation",
    "radio",
    "region",
    "search",
    "table",
    "textbox",
}
"""Roles that somebody who does not see the page knows by a name only."""

STRUCTURE = """
(() => {
  const wrong = [];
  const shown = (each) => each.checkVisibility();
  const levels = [...document.querySelectorAll('h1,h2,h3,h4')].filter(shown).map((each) => Number(each.tagName[1]));
  if (levels.indexOf(1) !== 0 || levels.lastIndexOf(1) !== 0) wrong.push('headings begin with one h1: ' + levels);
  if (levels.some((each, n) => n && each > levels[n - 1] + 1)) wrong.push('a heading level is skipped: ' + levels);
  for (const table of document.querySelectorAll('table')) {
    if (!table.caption) wrong.push('a table without a caption');
    for (const th of table.querySelectorAll('th')) if (!th.scope) wrong.push('a th without a scope: ' + th.textContent);
  }
  const ids = [...document.querySelectorAll('[id]')].map((each) => each.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push('an id twice: ' + id);
  for (const name of ['for', 'aria-describedby', 'aria-labelledby'])
    for (const each of document.querySelectorAll(`[${name}]`))
      for (const id of each.getAttribute(name).split(' '))
        if (!document.getElementById(id)) wrong.push(`${name} names nothing: ${id}`);
  for (const each of document.querySelectorAll('[style],[onclick],style,script:not([src])'))
    wrong.push('inline: ' + each.outerHTML.slice(0, 80));
  if (document.documentElement.lang !== 'en') wrong.push('no language');
  if (!document.querySelector('main')) wrong.push('no main');
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('wider than the window');
  for (const each of document.querySelectorAll('button,input,select,summary,nav a,.button')) {
    const box = each.getBoundingClientRect();
    const small = box.width && box.height && Math.min(box.height, box.width) < 18;
    if (shown(each) && small) wrong.push('too small: ' + each.outerHTML.slice(0, 80));
  }
  return wrong;
})()
"""

CONTRAST = """
(() => {
  const wrong = new Set();
  const parts = (text) => [...text.match(/[0-9.]+/g).map(Number), 1].slice(0, 4);
  const linear = (c) => (c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((each) => linear(each / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) return colour;
    }
    return [255, 255, 255, 1];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const each = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !each.checkVisibility() || each.closest('.sr,svg,option')) continue;
    const [one, other] = [light(parts(getComputedStyle(each).color)), light(ground(each))];
    const ratio = (Math.max(one, other) + .05) / (Math.min(one, other) + .05);
    if (ratio < 4.5) wrong.add(`${ratio.toFixed(2)}: ${walker.currentNode.textContent.trim().slice(0, 40)}`);
  }
  return [...wrong];
})()
"""

FOCUSED = """
(() => {
  const each = document.activeElement;
  if (!each || each === document.body) return null;
  const style = getComputedStyle(each);
  const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  const text = (each.innerText || '').trim();
  return { what: each.outerHTML.slice(0, 120), id: each.id, text, name: each.name || '', seen };
})()
"""

FONTS = """
(() => {
  const context = new OffscreenCanvas(10, 10).getContext('2d');
  const style = getComputedStyle(document.documentElement);
  const widths = ['--sans', '--mono'].map((name) => {
    context.font = '100px ' + style.getPropertyValue(name);
    return context.measureText('Payments and refunds 0123456789').width.toFixed(1);
  });
  return [navigator.userAgent.match(/Chrome.[0-9]+/)[0], ...widths].join(' ');
})()
"""
"""The browser, and how wide a sentence is: two machines with one answer draw the same."""


def nameless(tree: dict[str, Any]) -> list[str]:
    """Everything in an accessibility tree that needs a name and has none."""
    wrong = []
    for node in tree["nodes"]:
        role, name = node.get("role", {}).get("value"), node.get("name", {}).get("value", "")
        if not node.get("ignored") and role in NAMED and not str(name).strip():
            wrong.append(f"a {role} without a name")
    return wrong
