"""The words by which the model `offline` tells one kind of prompt from another. All are in lower case."""

from __future__ import annotations

__all__ = [
    "GREETING_FILLERS",
    "GREETING_PHRASES",
    "MODEL_VERBS",
    "OVERVIEW_OBJECTS",
    "OVERVIEW_REST",
    "OVERVIEW_TOPICS",
    "POLITE",
    "QUESTION_WORDS",
    "SEARCH_VERBS",
    "WHY",
]


def _words(*lists: str) -> frozenset[str]:
    return frozenset(word for text in lists for word in text.split())


_PHRASES = """
    good morning; good afternoon; good evening; good day; hello; hi; hey; hiya; howdy; greetings; welcome; yo;
    how are you doing; how are you; how do you do; how is it going; how's it going; how are things; what's up;
    nice to meet you; pleased to meet you; who are you; what are you; what can you do; what do you do; can you help me;
    can you help; help me; help; are you there; thank you; thanks;
    привет; здравствуйте; здравствуй; добрый день; добрый вечер; доброе утро; как дела; как ты; как вы; кто ты; кто вы;
    что ты умеешь; что вы умеете; спасибо;
    guten tag; guten morgen; hallo; servus; wie geht's; wie geht es dir; bonjour; bonsoir; salut; comment ça va; ça va;
    hola; buenos días; buenas; cómo estás; qué tal; ciao; buongiorno; come stai; olá; こんにちは; 你好
"""
GREETING_PHRASES = tuple(phrase.strip() for phrase in _PHRASES.split(";"))
"""Longer phrases stand before those that they begin with."""

GREETING_FILLERS = _words(
    "there everyone all again my dear friend agent robot robocoders robocoder assistant today please and so very much",
    "you sir madam team folks world for me",
)

# English first, then Russian, German, French, Spanish, Italian, Portuguese.
QUESTION_WORDS = _words(
    "where where's which who who's whose what what's how when",
    "где что какой какая какое какие какого каком кто кем как куда откуда когда чем сколько",
    "wo was wer wie welche welcher welches woher wohin wann",
    "où que quoi qui comment quel quelle quels quelles quand",
    "dónde donde qué quién cómo cuál cuándo dove cosa chi come quale onde quem qual",
)
WHY = _words("why почему зачем warum wieso pourquoi porqué perché")

SEARCH_VERBS = _words(
    "find locate search grep look show list explain describe tell point",
    "найди найти покажи показать поищи объясни расскажи опиши suche finde zeige cherche trouve montre busca encuentra",
)
MODEL_VERBS = _words(
    "write create add fix implement refactor make generate change update delete remove rename translate convert",
    "improve rewrite design build code solve optimize optimise port migrate extend replace insert commit deploy",
    "install run execute start debug review continue",
    "напиши создай добавь исправь сделай реализуй перепиши измени удали переименуй запусти",
    "schreibe erstelle écris crée escribe crea",
)
POLITE = _words(
    "please can could would will you me do does is are did has have was were the a an i want to know need like us just",
    "kindly ok okay so and then now also hello hi hey well пожалуйста можешь можете мне скажи подскажи",
)

OVERVIEW_OBJECTS = _words(
    "repo repository project codebase base workspace package library program application app software code directory",
    "folder репозиторий репозитория проект проекта проекте",
)
OVERVIEW_TOPICS = _words(
    "overview summary summarize summarise structure layout language languages entry point points build run test tests",
    "install start use started setup set up readme purpose organized organised architecture written about",
    "собрать запустить установить тесты структура языки тестировать",
)
OVERVIEW_REST = _words(
    "what what's which how do does is are the this that my our your a an i we you it in of for to me us give tell",
    "explain describe show please can could would and or get be used here with all from by",
    "что как это этот этого этом для о об делает на в и мне его опиши расскажи какие какой каких",
)
