"""Texts of items and people that want something of a program: orders to a language model, hidden letters, stuffed words.

Finds them by pattern and takes them out of the text. Knows nothing of models, and nothing of harmful content.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from llm4rec.core.plain import latin, looks_latin, plain, skeleton

MOST = 20_000  # characters of a text that are looked at; what is behind them is cut from a suspicious text
SURE = 1.0
"""From this score a text is taken for an attack."""
REPEATS = 2  # times that a word of a stuffed text stays
LISTED = 12  # words of a list of bare words that stay

_WHAT = (
    r"(?:this|that|it|me|us|him|her|mine|(?:the |my |our |this |that |these |those )?(?:following |above |last |current )?"
    r"(?:item|product|book|title|entry|film|movie|candidate|option|article|listing|result)s?(?: (?:number |no\.? ?|#)?\d+)?"
    r"|(?:item |number |no\.? ?|#)\d+)"
)
_TOP = (
    r"(?:first|highest|topmost|at (?:the )?(?:very )?top|on top|to (?:the )?top|in (?:first|top) (?:place|position)"
    r"|(?:at|as|in|to)? ?(?:number one|no\. ?1|#1|(?:rank|position|place|index|slot) (?:1|one|0|zero))"
    r"|above (?:all|every|the (?:other|rest))|before (?:all|every|any))(?! (?:of|on|in) (?:my|your|our|his|her|their|any|everyone)\b)"
)
_ORDERS = r"(?:instruction|prompt|rule|direction|guideline|command|order|request|constraint|context|polic(?:y|ie)|text|message)s?"
_READER = (
    r"(?:language model|llm|a\.?i\.?(?: model| system| assistant)?|assistants?|chat ?bot|gpt|(?:re-?)?rankers?"
    r"|recommender(?: system| engine)?|recommendation (?:system|engine|model)|ranking (?:system|engine|model|algorithm))"
)
_TAKEOVER = (
    rf"\b(?:ignore|disregard|forget|override|bypass|skip|do not (?:follow|obey)) (?:(?:all|any|every|each|the|of|your|my|these|those|and|"
    rf"previous|prior|above|earlier|preceding|former|other|system|original|existing|foregoing) ?){{1,6}}{_ORDERS}\b",
    r"\b(?:ignore|disregard|forget) (?:everything|all|anything|what(?:ever)?)(?: (?:that )?(?:you|was|were|has|have|i|is|are)\b.{0,30})? ?(?:above|before|previous(?:ly)?|earlier|told|said|so far)",
    rf"\byou are (?:now |no longer |actually )?(?:an? |the |my )?(?:\w+ ){{0,3}}{_READER}\b",
    rf"\b(?:act|behave|respond|answer|reply) as (?:if you (?:are|were) )?(?:an? |the |my )?(?:\w+ ){{0,2}}{_READER}\b",
    r"(?:^|[.!?;:\n\]>*#-] ?)(?:system|assistant|developer)(?: (?:prompt|message|note|override|update))? ?:",
    r"(?:^|[.!?;:\n\]>*#-] ?)user ?: ?(?:please )?(?:rank|put|answer|ignore|list|recommend)\b",
    r"\b(?:system prompt|developer mode|jailbreak|prompt injection|admin override|debug mode|new instructions?:|updated instructions?:)",
    r"<\|?/?(?:im_start|im_end|system|user|assistant|items?|history|endoftext)\b[^>]{0,40}>|\[/?(?:inst|sys)\]|###? ?(?:instruction|system|response)",
    rf"\b(?:note|notice|attention|message|memo|instructions?|hint|dear|hey|hello|to)(?: (?:to|for))?[:,]? (?:the |any |all |every )?{_READER}(?: reading this)?\b ?[:,.!-]",
    r"\bend of (?:the )?(?:data|list|items|prompt|input|document|context|catalog|history)\b",
    r"[{\[] ?[\"'](?:order|ranking|answer|result)s?[\"'] ?:",
    r"忽略.{0,12}(?:指令|提示|说明|要求|规则|命令|内容)|无视.{0,12}(?:指令|提示|要求|规则)|系统(?:提示|消息|指令) ?[:：]",
    r"你(?:现在)?是(?:一个|一名)?.{0,8}(?:助手|语言模型|人工智能|推荐系统|排序器|机器人)",
)
_DEMAND = (
    rf"\b(?:rank|put|place|list|recommend|show|sort|position|return|output|move|choose|select|pick|display|present|order|promote|boost)"
    rf"(?:ing)? {_WHAT}(?: \w+){{0,3}}? {_TOP}",
    rf"\b(?:recommend|rank|choose|select|pick|return|promote|boost|prefer|favou?r) (?:only |always )?{_WHAT}(?: \w+){{0,2}}? (?:to (?:every|all|each|any)\w*(?: users?| readers?)?|always|only|regardless|no matter|instead of)",
    rf"\b(?:always|only|must|should always) (?:recommend|rank|choose|select|pick|return|promote|boost) {_WHAT}\b",
    rf"\b{_WHAT} (?:must|should|has to|needs to|is to|shall|ought to) (?:always |only )?(?:be |come |appear |stand |go )(?:ranked |placed |listed |shown |recommended |selected |put |sorted |displayed )?{_TOP}",
    rf"\b(?:give|assign|award|set)(?: {_WHAT})? (?:an? |the |its |with )?(?:(?:highest|maximum|max|top|best|perfect|full)(?: possible)? (?:score|rank(?:ing)?|rating|priority|relevance)"
    rf"|(?:score|rank(?:ing)?|rating|priority|relevance)(?: \w+){{0,2}} (?:to )?(?:maximum|max|highest|1\.0|10|100|infinity))",
    r"\b(?:respond|reply|answer|output|return|print|write|say)(?: only| just| exactly| always| nothing but)?(?: with| in)?(?: only| just| exactly)?"
    r"(?: the)?(?: (?:json|index|indices|number|digit|item|word|token))?(?: (?:of )?(?:this|item))? ?(?:[\[{\"':(]|\bthe (?:number|index|id|digit)\b|\b(?:yes\b|json\b|\d+\b(?! (?:stars?|questions?|pages?|years?|days?|times?))))",
    rf"\b(?:lower|demote|remove|drop|exclude|bury|hide|penali[sz]e|downrank) (?:all |every |any )?(?:the )?(?:other|competing|remaining) (?:items?|products?|books?|titles?|candidates?|results?|options?)",
    rf"\bmost relevant (?:item|book|product|result|answer) (?:is|must be|for (?:every|any|all))",
    r"(?:把|将)?(?:这|本|该|此|第.{1,3})(?:个|件|本|部|款|条)?(?:商品|书|产品|电影|项目|物品|条目)?.{0,6}(?:排|放|列|推荐|置|排序)(?:在|到|为|于|至)?.{0,4}(?:第一|首位|最前|顶部|最上|榜首|首个|前面)",
    r"(?:务必|一定要|必须|始终|总是|永远|只能).{0,4}(?:推荐|选择|排|输出|返回)|(?:给|打).{0,6}(?:最高|满)(?:分|评分|优先级)",
    r"(?:请|直接)?(?:只)?(?:输出|回答|返回)(?:编号|数字|json|「|\"|\d)",
)
_READERS = "language llm ai i assistant assistants bot chatbot gpt ranker rankers reranker rerankers recommender recommendation ranking"
_GATES = {
    "takeover": (
        "ignore disregard forget override bypass skip obey follow",
        "ignore disregard forget",
        _READERS,
        _READERS,
        "system assistant developer",
        "user",
        "prompt developer jailbreak injection override debug instruction instructions",
        "",
        _READERS,
        "end",
        "order ranking answer result orders rankings answers results",
        "",
        "",
    ),
    "demand": (
        "rank ranking put putting place placing list listing recommend recommending show showing sort sorting position move moving "
        "return returning output choose choosing select selecting pick picking display present order promote promoting boost",
        "recommend rank choose select pick return promote boost prefer favor favour",
        "always only must",
        "must should has needs is shall ought",
        "score rank ranking rating priority relevance",
        "respond reply answer output return print write say",
        "lower demote remove drop exclude bury hide penalise penalize downrank",
        "relevant",
        "",
        "",
        "",
    ),
}
"""For each pattern: words of which a text must have one before the pattern is tried; none: Chinese letters or brackets."""
_PATTERNS = {
    name: [
        (frozenset(words.split()), re.compile(pattern))
        for words, pattern in zip(_GATES[name], patterns, strict=True)
    ]
    for name, patterns in (("takeover", _TAKEOVER), ("demand", _DEMAND))
}
_SIGNS = re.compile("[<\\[#\u4e00-\u9fff]")
_STOPS = re.compile(r"[.!?;。！？；]+(?:\s|$)|[。！？；]|$")
_SPACED = re.compile(r"\b(?:\w[ .\-_*|]){7,}\w\b")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_FUNCTION = frozenset(
    "a an the and or but of to in on at by for with from as is are was were be been it its this that these those he she "
    "his her they them their we our you your i my me not no so if who which what when where how than then there here "
    "has have had do does did can could will would may one all more most into out up about over after before s t".split()
)


@dataclass(frozen=True)
class Suspicion:
    """How sure it is that a text is an attack (0 nothing, `SURE` and above an attack), and by what."""

    score: float = 0.0
    reasons: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.score >= SURE


def suspicious(text: str) -> Suspicion:
    """What in a text is not meant for readers: "takeover", "demand", "spaced letters", "hidden characters",
    "letters of another script", "stuffed words", each once.
    """
    text = text[:MOST]
    reasons = []
    if not text.isascii():
        reasons += [name for name, found in _disguises(text).items() if found]
    shown = plain(text, MOST)
    seen = skeleton(shown)
    # Markup that pretends to be a part of the prompt is cut away by `plain`: it is looked for in the text as it is.
    marked = "<" in text or "[" in text
    if _first("takeover", seen) or (marked and _first("takeover", text.lower())):
        reasons.append("takeover")
    if _first("demand", seen):
        reasons.append("demand")
    if _SPACED.search(seen):
        reasons.append("spaced letters")
    if _stuffed(shown):
        reasons.append("stuffed words")
    return Suspicion(SURE * len(reasons), tuple(reasons))


def neutral(text: str) -> str:
    """The text without what is suspicious in it; the very text where nothing is.

    Behind an attempt to take over nothing stays; a demand is cut to the end of its sentence. Letters are shown as what they
    are taken for, hidden ones go, and of repeated words `REPEATS` stay.
    """
    if not suspicious(text):
        return text
    cut = _straight(plain(text, MOST))
    lost = _SPACED.search(skeleton(cut))
    if lost:
        cut = cut[: lost.start()]
    found = _first("takeover", skeleton(cut))
    if found:
        cut = cut[: found[0]]
    while (found := _first("demand", skeleton(cut))) is not None:
        end = _STOPS.search(cut, found[1])
        cut = cut[: found[0]] + (cut[end.end() :] if end else "")
    cut = _unstuffed(cut) if _stuffed(cut) else cut
    return " ".join(cut.split()).rstrip(" ,;:-([{<\"'")


def _first(kind: str, seen: str) -> tuple[int, int] | None:
    """Where the first pattern of a kind stands in a text in small letters."""
    words = frozenset(_WORD.findall(seen))
    signs = bool(_SIGNS.search(seen))
    tried = (pattern.search(seen) for gate, pattern in _PATTERNS[kind] if (gate & words if gate else signs))
    return min((found.span() for found in tried if found), default=None)


def _disguises(text: str) -> dict[str, bool]:
    """Characters that readers do not see, and words that mix scripts which look alike."""
    return {
        "hidden characters": any(_is_hidden(text, n) for n, c in enumerate(text) if not c.isascii()),
        "letters of another script": any(_is_mixed(word) for word in _WORD.findall(text)),
    }


def _is_hidden(text: str, place: int) -> bool:
    """Directions, tags, and zero-width characters inside Latin words; joiners of other scripts and of pictures stay."""
    code = ord(text[place])
    if 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069 or 0xE0000 <= code <= 0xE007F:
        return True
    if code not in (0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x180E, 0x00AD):
        return False
    near = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
    return code != 0x00AD and len(near) == 2 and near.isascii() and near.isalpha()


def _is_mixed(word: str) -> bool:
    latin = sum(letter.isascii() and letter.isalpha() for letter in word)
    others = sum(looks_latin(letter) for letter in word)
    return bool(latin and others) and latin + others >= 4


def _straight(text: str) -> str:
    """The text with words of mixed scripts in Latin letters."""

    def one(found: re.Match[str]) -> str:
        word = found.group()
        return latin(word) if _is_mixed(word) else word

    return text if text.isascii() else _WORD.sub(one, text)


def _stuffed(text: str) -> bool:
    """One word too often, the same pair again and again, or a long list of bare words."""
    words = [word.lower() for word in _WORD.findall(text)]
    said = [word for word in words if word not in _FUNCTION and not word.isdigit()]
    if len(said) < 8:
        return False
    ((_, most),) = Counter(said).most_common(1)
    if most >= 5 and most > 0.2 * len(said):
        return True
    pairs = Counter(pairwise(words)).most_common(1)[0]
    if pairs[1] >= 5 and 2 * pairs[1] > 0.25 * len(words):
        return True
    return any(len(run) > 2 * LISTED for run in _bare_runs(text))


def _bare_runs(text: str) -> list[list[str]]:
    """Runs of words in small letters without any of those that hold sentences together."""
    runs: list[list[str]] = [[]]
    for word in _WORD.findall(text):
        if word.islower() and word.isascii() and word not in _FUNCTION:
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    return runs


def _unstuffed(text: str) -> str:
    """Each word at most `REPEATS` times, and of a run of bare words the first `LISTED`."""
    counts: Counter[str] = Counter()
    run, kept = 0, []
    for word in text.split():
        name = "".join(c for c in word.lower() if c.isalnum())
        counts[name] += 1
        run = run + 1 if name and word.islower() and name not in _FUNCTION else 0
        if (counts[name] <= REPEATS or name in _FUNCTION) and run <= LISTED:
            kept.append(word)
    return " ".join(kept)
