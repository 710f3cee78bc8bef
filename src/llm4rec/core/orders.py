"""Patterns of orders to a language model, in English and Chinese, as they stand in texts of items. Cuts nothing."""

from __future__ import annotations

import re

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
    r"\b(?:ignore|disregard|forget) (?:everything|all|anything|what(?:ever)?)(?: (?:that )?(?:you|was|were|has|have|i|is|are)\b.{0,30})? ?(?:above|before(?: this| that|(?! \w))|previous(?:ly)?|earlier|told|said|so far)\b",
    rf"\byou are (?:now |no longer |actually )?(?:an? |the |my )?(?:\w+ ){{0,3}}{_READER}\b",
    rf"\b(?:act|behave|respond|answer|reply) as (?:if you (?:are|were) )?(?:an? |the |my )?(?:\w+ ){{0,2}}{_READER}\b",
    rf"\bas (?:an? |the )?{_READER} ?, ?(?:you|please|rank|put|choose)\b",
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
    rf"\b(?:recommend|rank|choose|select|pick|return|promote|boost|prefer|favou?r) (?:only |always )?{_WHAT}(?: \w+){{0,2}}? (?:to (?:every|all|each|any)\w*(?: users?| readers?)?(?! (?:who|that|interested|looking|with|of|in|fond))\b|always|only|regardless|no matter|instead of)",
    rf"\b(?:always|only|must|should always) (?:recommend|rank|choose|select|pick|return|promote|boost) {_WHAT}\b",
    rf"\b{_WHAT} (?:must|should|has to|needs to|is to|shall|ought to) (?:always |only )?(?:be |come |appear |stand |go )(?:ranked |placed |listed |shown |recommended |selected |put |sorted |displayed )?{_TOP}",
    rf"\b(?:give|assign|award|set)(?: {_WHAT})? (?:an? |the |its |with )?(?:(?:highest|maximum|max|top|best|perfect|full)(?: possible)? (?:score|rank(?:ing)?|rating|priority|relevance)"
    rf"|(?:score|rank(?:ing)?|rating|priority|relevance)(?: \w+){{0,2}} (?:to )?(?:maximum|max|highest|1\.0|10|100|infinity))",
    r"\b(?:respond|reply|answer|output|return|print|write|say)(?: (?:only|just|exactly|always|nothing but)(?: with| in)?| with(?: only| just| exactly)?)"
    r"(?: the)?(?: (?:json|index|indices|number|digit|item|word|token))?(?: (?:of )?(?:this|item))? ?(?:[\[{\"':(]|\bthe (?:number|index|id|digit)\b|\b(?:yes\b|json\b|\d+\b(?! (?:stars?|questions?|pages?|years?|days?|times?))))"
    r"|\b(?:reply|answer|say|respond) (?:with )?yes (?:to|for) (?:any|every|all)\b",
    r"\b(?:lower|demote|remove|drop|exclude|bury|hide|penali[sz]e|downrank) (?:all |every |any )?(?:the )?(?:other|competing|remaining) (?:items?|products?|books?|titles?|candidates?|results?|options?)",
    r"\bmost relevant (?:item|book|product|result|answer) (?:is|must be|for (?:every|any|all))",
    r"(?:把|将)?(?:这|本|该|此|第.{1,3})(?:个|件|本|部|款|条)?(?:商品|书|产品|电影|项目|物品|条目)?.{0,6}(?:排|放|列|推荐|置|排序)(?:在|到|为|于|至)?.{0,4}(?:第一(?!排|章|节|页|行|次)|首位|最前|顶部|最上|榜首|首个|前面)",
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
PATTERNS = {
    name: [
        (frozenset(words.split()), re.compile(pattern))
        for words, pattern in zip(_GATES[name], patterns, strict=True)
    ]
    for name, patterns in (("takeover", _TAKEOVER), ("demand", _DEMAND))
}
SIGNS = re.compile("[<\\[#\u4e00-\u9fff]")
