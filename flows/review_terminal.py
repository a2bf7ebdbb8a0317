"""The review in a terminal: one item after the other, one key each. Shows PHI to the person who sits there."""

from collections.abc import Callable, MutableMapping, Sequence
from typing import Literal

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from tasks.phi.categories import CATEGORIES
from tasks.phi.review import Item, Key, Verdict, visible

LONGEST_LINE_ID = 30
LEGEND = "⟦ ⟧ marks what is asked about, ↵ a line end, � what is not to be seen."
FINDING_KEYS = "[c]onfirm  [w]rong  [k]ind  [s]kip  [u]ndo  [q]uit"
NEAR_MISS_KEYS = "[c]onfirm  [m]issed  [s]kip  [u]ndo  [q]uit"
SAID = {"confirmed": "confirmed", "wrong": "wrong", "missed": "missed", "harmless": "no identifier"}

Ended = Literal["finished", "quit", "interrupted"]


class Session:
    """Ask about the items that are not judged yet; `judged` is kept up to date with what is stored."""

    def __init__(
        self,
        items: Sequence[Item],
        judged: MutableMapping[Key, tuple[Verdict, str]],
        store: Callable[[Item, Verdict, str], None],
        take_back: Callable[[Item], None],
        console: Console,
        read_key: Callable[[], str] = typer.getchar,
    ) -> None:
        self._open = [item for item in items if item.key not in judged]
        self._before = len(items) - len(self._open)
        self._judged = judged
        self._store, self._take_back = store, take_back
        self._console, self._read_key = console, read_key

    def run(self) -> Ended:
        """Ask until all is judged or skipped, or the person leaves."""
        if self._before:
            self._say(f"{self._before} items of this sample are judged already and not shown again.")
        if not self._open:
            self._say("Nothing is left to judge. Another --seed draws another sample." if self._before else "No item.")
            return "finished"
        self._say(f"{LEGEND}\nA near miss was let pass: confirm that this was right, or say what was missed.")
        try:
            return self._ask_all()
        except KeyboardInterrupt:
            self._say("\nInterrupted; every verdict given is stored.")
            return "interrupted"
        except EOFError:
            return "quit"

    def _ask_all(self) -> Ended:
        at = 0
        while at < len(self._open):
            self._show(at)
            key = self._key(self._open[at])
            if key == "q":
                return "quit"
            if key == "u":
                at = self._undo(at)
            elif key == "s" or self._judge(self._open[at], key):
                at += 1
        return "finished"

    def _judge(self, item: Item, key: str) -> bool:
        """Store what a key says of an item; return False if the person thought better of it."""
        verdict: Verdict
        category = item.category
        if key in "km":
            chosen = self._category(item)
            if chosen is None:
                return False
            verdict, category = "missed" if item.is_near_miss else "confirmed", chosen
        elif key == "w":
            verdict = "wrong"
        else:
            verdict = "harmless" if item.is_near_miss else "confirmed"
        if verdict == "harmless":
            category = ""
        self._store(item, verdict, category)
        self._judged[item.key] = (verdict, category)
        colour = "green" if key == "c" else "yellow"
        self._console.print(Text.assemble(("  ✓ ", colour), (f"{SAID[verdict]} {category}".rstrip(), colour)))
        return True

    def _undo(self, at: int) -> int:
        """Go back by one item and take its verdict back, if one was given."""
        if at == 0:
            self._say("There is nothing to undo.")
            return at
        item = self._open[at - 1]
        if self._judged.pop(item.key, None) is not None:
            self._take_back(item)
        self._say("Back by one.")
        return at - 1

    def _key(self, item: Item) -> str:
        allowed = "cmsuq" if item.is_near_miss else "cwksuq"
        self._console.print(Text(f"  {NEAR_MISS_KEYS if item.is_near_miss else FINDING_KEYS}", style="dim"))
        while True:
            key = self._read_key().lower()
            if len(key) == 1 and key in allowed:
                return key

    def _category(self, item: Item) -> str | None:
        """Ask for a category by its number; Enter takes the likely one, 0 none."""
        names = list(CATEGORIES)
        for first in range(0, len(names), 4):
            row = (f"{number:2} {name:13}" for number, name in enumerate(names[first : first + 4], first + 1))
            self._console.print(Text("  " + " ".join(row).rstrip()))
        self._console.print(Text(f"  Number and Enter; Enter alone: {item.category}; 0: back", style="dim"))
        typed = ""
        while True:
            key = self._read_key()
            if key in {"\r", "\n"}:
                self._console.print()
                if not typed:
                    return item.category
                if typed == "0":
                    return None
                if typed.isascii() and typed.isdigit() and int(typed) <= len(names):
                    return names[int(typed) - 1]
                self._say(f"A number from 1 to {len(names)}.")
                typed = ""
            elif key in {"\x7f", "\b"}:
                typed = typed[:-1]
                self._echo(typed)
            elif len(key) == 1 and key.isascii() and key.isdigit() and len(typed) < 2:
                typed += key
                self._echo(typed)

    def _echo(self, typed: str) -> None:
        self._console.print(Text(f"\r  › {typed:2}"), end="", soft_wrap=True)

    def _show(self, at: int) -> None:
        item = self._open[at]
        kind = f"{'near miss' if item.is_near_miss else 'finding'}: {item.about}"
        title = Text.assemble((f"{at + 1} of {len(self._open)}", "dim"), "  ", (kind, "bold cyan"))
        source = "" if item.is_near_miss else f"{item.recognizer} {item.score:.2f}"
        title.append("  " + "  ".join(filter(None, (source, _cut(item.line)))), style="dim")
        style = "bold black on cyan" if item.is_near_miss else "bold black on yellow"
        text = Text.assemble(item.before, ("⟦" + item.marked + "⟧", style), item.after)
        self._console.print()
        self._console.print(title)
        self._console.print(Padding(text, (1, 2)))

    def _say(self, words: str) -> None:
        self._console.print(Text(words, style="dim"))


def _cut(line_id: str) -> str:
    """Return a line's id as it may be shown, with its end if it is long."""
    shown = visible(line_id)
    return shown if len(shown) <= LONGEST_LINE_ID else "…" + shown[-LONGEST_LINE_ID:]
