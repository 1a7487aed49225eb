"""Writes the demo model's training conversations and its held-out questions, the same for the same seed.

    python generate_text.py train --count 400000 --seed 1 > train.jsonl
    python generate_text.py dev   --count 600  --seed 2 > dev.jsonl
    python generate_text.py test  --count 1200 --seed 3 > heldout.jsonl

A line of `train` is {"messages": [...]} or {"text": "..."}; a line of `dev` and `test` is {"kind": ..., "messages": [...],
"answer": ...}, where messages end with the user's question and the answer is the one right text.
"""

import argparse
import json
import pathlib
import random
import zlib

from phrasings import AFTER, BEFORE, FOLLOW, P, SYSTEM, check

FACTS = json.loads((pathlib.Path(__file__).parent / "facts.json").read_text())
UNKNOWN = "I do not know."
WHO = "I am the Decanter demo model, a very small language model."
CAN = "I can answer small questions about facts, words and numbers, and I can tell short stories."
CANNOT = "I am very small, so I know only a few things and I can make mistakes."

COUNTRIES = {
    "train": "Ecuador Paraguay Turkey Russia Laos Malaysia Indonesia Pakistan Chad Mali Angola Zambia Namibia Cyprus "
             "Albania Slovakia Slovenia Panama Haiti Fiji Samoa Qatar Yemen Syria Jordan Narnia Utopia Switzerland "
             "Israel Libya Tunisia Algeria Senegal Rwanda Uganda Moldova Georgia Armenia Taiwan Bhutan Tonga",
    "dev": "Cambodia Botswana Mordor Kuwait",
    "test": "Bolivia Malta Sudan Oman Atlantis Wakanda Honduras Montenegro",
}
THINGS = {
    "train": "car house shirt pen table book bag door wall box cup hat ball flower cat dog bird horse bike boat kite "
             "chair shoe coat toy button rug lamp spoon balloon candle ribbon ship bus truck towel blanket bottle stone "
             "paint tie scarf dress bed window guitar cloud phone bowl plate curtain ticket card",
    "dev": "sofa helmet marker bucket",
    "test": "sweater backpack tractor umbrella glove pillow",
}
BEASTS = {
    "train": "hippo giraffe zebra monkey gorilla panda camel donkey seal otter badger mole weasel parrot pigeon raven "
             "stork gull ostrich turkey worm jellyfish eel tuna moth mosquito wasp cricket hamster hyena leopard "
             "cheetah moose walrus lynx toad newt gecko squid dinosaur unicorn",
    "dev": "buffalo beaver pelican",
    "test": "rhino llama falcon koala tiger ferret",
}
WORDS = {
    "train": "lamp paper garden water music green Tuesday seven bread wood sugar stone iron letter circle engine butter "
             "ladder pencil picture number kitchen village island basket jacket bridge pocket candle orange hammer "
             "mirror market doctor teacher sister",
    "dev": "bottle carpet rocket",
    "test": "saddle ribbon velvet pepper tunnel anchor",
}
NAMES = {
    "train": "Anna Ben Carla David Emma Felix Greta Hans Ida Jack Kate Lucas Maria Nina Oliver Paul Rita Simon Tina "
             "Victor Walter Yara Zoe Alice Bob Carol Dan Eva Frank George Helen Ivan Julia Karl Laura Mike Nora Otto "
             "Peter Rosa Sara Theo Uma Vera Will Xenia Yusuf Zara Amir Chen Diego Fatima Hiro Ines Jamal Kofi Lena "
             "Miguel Noor Olga Pedro Ravi Sofia Tariq Wei",
    "dev": "Martha Liam Chloe Omar",
    "test": "Arthur Bianca Dmitri Elif Gloria Hugo Marta Nadia Ruben Stella",
}
ASKED = {
    "train": ["Who wrote the book about {n}?", "How old is {p}?", "When was {p} born?", "Why is the {n} so {d}?",
              "How much does a {n} cost?", "Where does {p} live?", "What will the weather be {t}?",
              "What is the weather like {t}?", "Who won the game {t}?", "What did {p} eat {t}?", "Who is {p}?",
              "Can you fix my {n}?", "Where is my {n}?", "Who made the first {n}?", "How do I build a {n}?",
              "What is the best {n}?", "Who is the king of {c}?", "Who is the president of {c}?",
              "How many people live in {c}?", "How far is it to {c}?", "What is a {n} made of?", "Why is {p} {d}?",
              "What is the meaning of life?", "How do I cook a {n}?", "What time is it?", "What time is it in {c}?",
              "What did I do {t}?", "Will it rain {t}?", "How heavy is a {n}?", "Which {n} should I buy?",
              "Is {p} {d}?", "What does {p} think about {c}?", "Who invented the {n}?", "When did {p} go to {c}?",
              "Is it {d} in {c}?", "What is the name of my {n}?", "Who is the father of {p}?", "Where can I buy a {n}?",
              "What is the price of a {n}?", "Do you like my {n}?", "Did {p} go to {c} {t}?", "How big is a {n}?",
              "What happened in {c} {t}?", "Why did {p} buy a {n}?", "How long does a {n} live?",
              "What is the phone number of {p}?", "How do I learn to play the {n}?", "Who lives in {c}?",
              "Why do people need a {n}?", "Which {n} is the best?", "How fast is a {n}?", "Where was {p} {t}?"],
    "dev": ["How much is the {n}?", "Where was {p} born?", "What is {p} doing {t}?"],
    "test": ["Who built the {n}?", "When will {p} come to {c}?", "How old is the {n}?", "Why did {p} go to {c}?",
             "Who is the mother of {p}?", "What happened to {p} {t}?", "What is the weather in {c}?",
             "How do I fix a {n}?"],
}
MOODS = "big small old new happy sad good bad fast slow cheap expensive famous rich hot cold hard soft".split()
TIMES = ["today", "tomorrow", "yesterday", "this week", "last night", "this year", "next week", "last year"]


def lottery(text):
    """A number 0..99 that depends on the text alone: decides which pairs of numbers are kept out of training."""
    return zlib.crc32(("decanter:" + text).encode()) % 100


def part_of(text):
    n = lottery(text)
    return "test" if n < 6 else "dev" if n < 9 else "train"


def article(word):
    return ("an " if word[0].lower() in "aeiou" and word != "unicorn" else "a ") + word


def capital(text):
    return text[:1].upper() + text[1:]


def in_words(n):
    small, tens = FACTS["number_words"], FACTS["tens"]
    if n < 20:
        return small[n]
    return tens[n // 10 - 2] + ("" if n % 10 == 0 else "-" + small[n % 10])


def fake(r):
    heads = ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "dr", "gr", "kl", "pl", "st", "tr",
             "fl", "sh", "ch", "w", "j", "h", "bl", "gl", "qu", "th"]
    tails = ["", "", "n", "r", "l", "s", "m", "k", "t", "nd", "rk", "x", "lf"]
    return "".join(r.choice(heads) + r.choice("aeiou") for _ in range(r.choice((1, 2, 2, 2, 3)))) + r.choice(tails)


def story(hero, place):
    i = FACTS["heroes"].index(hero)
    name, animal, friend, trait = hero["name"], hero["animal"], hero["friend"], hero["trait"]
    the_friend = "the " + friend.split(" ", 1)[1]
    start = [f"Once there was {article(trait)} {animal} named {name}.",
             f"Once upon a time there lived {article(trait)} {animal} called {name}.",
             f"{name} was {article(trait)} {animal}."][i % 3]
    walk = [f"One day {name} went to {place['place']} and found {place['find']}.",
            f"One morning {name} walked to {place['place']} and saw {place['find']}."][i % 2]
    meet = [f"There {name} met {friend}.", f"Then {friend} came along.", f"Suddenly {friend} said hello."][i // 3 % 3]
    act = f"{name} {place['act']} {the_friend}."
    close = ["From that day on they were friends.", f"In the evening {name} was happy and went to sleep.",
             f"{name} laughed, and {the_friend} laughed too.", f"And {the_friend} said thank you."][i // 2 % 4]
    return " ".join((start, walk, meet, act, close))


def fact_tables():
    """kind -> list of (slots, answer): all questions whose answer stands in a table."""
    t = {k: [] for k in P}
    for c in FACTS["countries"]:
        n = c["name"]
        t["capital"].append(({"x": n}, f"The capital of {n} is {c['capital']}."))
        t["capital_of"].append(({"x": c["capital"]}, f"{c['capital']} is the capital of {n}."))
        t["continent"].append(({"x": n}, f"{n} is in {c['continent']}."))
        t["language"].append(({"x": n}, f"People in {n} speak {c['language']}." if c["language"] else UNKNOWN))
    for c in FACTS["colours"]:
        t["colour"].append(({"x": c["thing"]}, f"{capital(c['thing'])} is {c['colour']}."))
    young = [a.get("young") for a in FACTS["animals"]]
    for a in FACTS["animals"]:
        n, ax = a["name"], article(a["name"])
        up = capital(ax)
        slots = {"x": n, "ax": ax}

        def add(kind, key, answer):
            t[kind].append((slots, answer if key in a else UNKNOWN))

        add("legs", "legs", f"{up} has {a.get('legs')} legs.")
        add("young", "young", f"A young {n} is called {article(a.get('young', 'x'))}.")
        add("sound", "sound", f"{up} says {a.get('sound')}.")
        add("home", "home", f"{up} lives in {'the' if a.get('home') in ('sea',) else article(a.get('home', 'x')).split()[0]} "
                            f"{a.get('home')}.")
        add("class", "class", f"{up} is {article(a['class'])}.")
        if "young" in a and young.count(a["young"]) == 1:
            y = article(a["young"])
            t["young_of"].append(({"x": a["young"], "ax": y}, f"{capital(y)} is a young {n}."))
    for i, n in enumerate(FACTS["planets"]):
        nth = FACTS["ordinals"][i]
        t["planet"].append(({"x": nth}, f"The {nth} planet from the Sun is {n}."))
        t["planet_place"].append(({"x": n}, f"{n} is the {nth} planet from the Sun."))
    for nth in FACTS["ordinals"][8:]:
        t["planet"].append(({"x": nth}, "There are only eight planets."))
    months = FACTS["months"]
    for i, m in enumerate(months):
        n = m["name"]
        t["month_days"].append(({"x": n}, f"{n} has {m['days']} days."))
        t["month_after"].append(({"x": n}, f"The month after {n} is {months[(i + 1) % 12]['name']}."))
        t["month_before"].append(({"x": n}, f"The month before {n} is {months[i - 1]['name']}."))
    days = FACTS["days"]
    for i, n in enumerate(days):
        t["day_after"].append(({"x": n}, f"The day after {n} is {days[(i + 1) % 7]}."))
        t["day_before"].append(({"x": n}, f"The day before {n} is {days[i - 1]}."))
    for u in FACTS["units"]:
        t["unit"].append(({"x": u["whole"], "a": u["parts"]}, f"{capital(u['whole'])} has {u['number']} {u['parts']}."))
    for a, b in FACTS["opposites"]:
        t["opposite"].append(({"x": a}, f"The opposite of {a} is {b}."))
        t["opposite"].append(({"x": b}, f"The opposite of {b} is {a}."))
    for a, b in FACTS["plurals"]:
        t["plural"].append(({"x": a}, f"The plural of {a} is {b}."))
    for a, b in FACTS["pasts"]:
        t["past"].append(({"x": a}, f"The past tense of {a} is {b}."))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for i, n in enumerate(letters):
        last, first = i == 25, i == 0
        t["letter_after"].append(({"x": n}, f"There is no letter after {n}." if last else
                                  f"The letter after {n} is {letters[i + 1]}."))
        t["letter_before"].append(({"x": n}, f"There is no letter before {n}." if first else
                                   f"The letter before {n} is {letters[i - 1]}."))
    for i, h in enumerate(FACTS["heroes"]):
        place = FACTS["places"][i * 5 % len(FACTS["places"])]
        t["story"].append(({"ax": article(h["animal"])}, story(h, place)))
    t["multiply"] = [({"a": a, "b": b}, f"{a} times {b} is {a * b}.") for a in range(11) for b in range(11)]
    t["divide"] = [({"a": a * b, "b": b}, f"{a * b} divided by {b} is {a}.") for a in range(1, 11) for b in range(1, 11)]
    t["hello"] = [({}, "Hello! How can I help you?")]
    t["how_are_you"] = [({}, "I am well, thank you.")]
    t["thanks"] = [({}, "You are welcome.")]
    t["bye"] = [({}, "Goodbye!")]
    t["who"] = [({}, WHO)]
    t["can"] = [({}, CAN)]
    t["cannot"] = [({}, CANNOT)]
    t["ask_name"] = [({}, "You have not told me your name.")]
    t["repeat"] = [({}, "I have not said anything yet.")]
    return {k: v for k, v in t.items() if v}


TABLES = fact_tables()
KNOWN = {str(v).lower() for rows in TABLES.values() for slots, _ in rows for v in slots.values()}


def numbers(kind, part, r):
    """Slots and answer of a question about numbers; which numbers belong to which part is decided by `part_of`."""
    while True:
        if kind in ("add", "subtract", "larger"):
            top = 10 if r.random() < 0.15 else 100
            a, b = r.randrange(top), r.randrange(top)
            if kind == "subtract" and a < b and r.random() < 0.85:
                a, b = b, a
            if part_of(f"{kind} {min(a, b)} {max(a, b)}") != part:
                continue
            slots = {"a": a, "b": b}
            if kind == "add":
                return slots, f"{a} plus {b} is {a + b}."
            if kind == "larger":
                return slots, "Both are the same." if a == b else f"{max(a, b)} is larger than {min(a, b)}."
            return slots, f"{a} minus {b} is {a - b}." if a >= b else f"{b} is larger than {a}."
        if kind == "count":
            a = r.randrange(0, 92)
            b = a + r.randrange(2, 8)
            if part_of(f"count {a} {b}") == part:
                return {"a": a, "b": b}, ", ".join(map(str, range(a, b + 1))) + "."
            continue
        if kind in ("to_word", "to_number"):
            a = r.randrange(100)
            if part_of(f"{kind} {a}") != part and a >= 20:
                continue
            word = in_words(a)
            return {"a": a, "x": word}, f"{a} is {word}." if kind == "to_word" else f"{capital(word)} is {a}."
        a = r.randrange(100) if kind == "double" or r.random() < 0.6 else r.randrange(1000)
        if part_of(f"{kind} {a}") != part:
            continue
        if kind == "number_after":
            return {"a": a}, f"The number after {a} is {a + 1}."
        if kind == "number_before":
            if a == 0:
                continue
            return {"a": a}, f"The number before {a} is {a - 1}."
        if kind == "double":
            return {"a": a}, f"Double {a} is {2 * a}."
        return {"a": a}, f"{a} is {'odd' if a % 2 else 'even'}."


NUMERIC = ("add", "subtract", "larger", "count", "to_word", "to_number", "number_after", "number_before", "double", "even")


def beyond(part, r):
    """Numbers outside of what the model has learnt."""
    kind = r.choice(("add", "subtract", "multiply", "divide", "divide"))
    big = r.randrange(100, 1000)
    if kind in ("add", "subtract"):
        a, b = r.sample((big, r.randrange(1000)), 2) if kind == "add" else (big, r.randrange(big))
        if part_of(f"beyond {kind} {a} {b}") != part:
            return beyond(part, r)
        return kind, {"a": a, "b": b}, f"I can only {kind} numbers up to 99."
    if kind == "multiply":
        a, b = r.sample((r.randrange(11, 100), r.randrange(2, 100)), 2)
        if part_of(f"beyond {kind} {a} {b}") != part:
            return beyond(part, r)
        return kind, {"a": a, "b": b}, "I only know the times table up to 10."
    if r.random() < 0.15:
        return kind, {"a": r.randrange(100), "b": 0}, "Nobody can divide by 0."
    a, b = r.randrange(1, 101), r.randrange(2, 11)
    if a % b == 0 or part_of(f"beyond {kind} {a} {b}") != part:
        return beyond(part, r)
    return kind, {"a": a, "b": b}, f"I cannot divide {a} by {b}."


def unknown(part, r):
    """A question whose answer the model does not have: text of the question without trimmings."""
    roll = r.random()
    noun = lambda pool: fake(r) if r.random() < 0.5 else r.choice(pool[part].split())
    if roll < 0.42:
        n = r.choice(THINGS[part].split()) if r.random() < 0.8 else fake(r)
        p = capital(fake(r)) if r.random() < 0.4 else r.choice(NAMES[part].split())
        every = [c["name"] for c in FACTS["countries"]] + COUNTRIES[part].split()
        t = r.choice(ASKED[part])
        return t.format(n=n, p=p, c=r.choice(every), d=r.choice(MOODS), t=r.choice(TIMES))
    kind = r.choice(("capital", "capital_of", "continent", "language", "colour", "legs", "young", "young_of", "sound",
                     "home", "class", "opposite", "past", "plural", "story", "unit", "colour", "capital"))
    if kind in ("capital", "continent", "language", "capital_of"):
        x = capital(fake(r)) if r.random() < 0.5 or kind == "capital_of" else r.choice(COUNTRIES[part].split())
    elif kind in ("legs", "sound", "young", "home", "class"):
        x = noun(BEASTS)
    elif kind in ("colour", "young_of", "unit"):
        x = noun(THINGS)
        x = r.choice((article(x), "the " + x, "my " + x)) if kind == "colour" else x
    elif kind == "story":
        x = noun(THINGS)
    else:
        x = noun(WORDS)
    if x.lower() in KNOWN:
        return unknown(part, r)
    slots = {"x": x, "ax": article(x), "a": r.choice(("days", "grams", "cents", "minutes", "sides", "letters", "wheels"))}
    if kind == "unit":
        slots["x"] = article(x)
    return capital(r.choice(P[kind][part]).format(**slots))


WEIGHTS = {
    "capital": 5, "capital_of": 3.5, "continent": 3, "language": 3, "colour": 2.5, "legs": 2, "young": 2.5, "young_of": 1.5,
    "sound": 2, "home": 1.7, "class": 2.2, "planet": 1, "planet_place": 1, "month_days": 1, "month_after": 1,
    "month_before": 1, "day_after": 0.8, "day_before": 0.8, "unit": 1.8, "opposite": 5, "plural": 3, "past": 3.2,
    "letter_after": 1.2, "letter_before": 1.2, "number_after": 2, "number_before": 2.5, "count": 2.5, "to_word": 1.5,
    "to_number": 1.5, "add": 11, "subtract": 11, "multiply": 4, "divide": 3, "double": 2, "larger": 2.2, "even": 1.2,
    "story": 1.2, "story_at": 3, "my_name": 2.5, "ask_name": 1, "repeat": 0.6, "hello": 0.5, "how_are_you": 0.4,
    "thanks": 0.4, "bye": 0.4, "who": 0.6, "can": 0.5, "cannot": 0.4, "unknown": 7, "beyond": 2.5,
}
FOLLOWED = ("capital", "continent", "language", "colour", "legs", "sound", "young", "opposite", "plural", "past",
            "month_days", "class", "home")


def question(kind, part, r):
    """(question, answer) of a kind; the phrasing, and the numbers where there are many, come from the given part."""
    name = None
    if kind == "unknown":
        return unknown(part, r), UNKNOWN
    if kind == "beyond":
        kind, slots, answer = beyond(part, r)
    elif kind in NUMERIC:
        slots, answer = numbers(kind, part, r)
    elif kind == "my_name":
        name = capital(fake(r)) if r.random() < 0.5 else r.choice(NAMES[part].split())
        slots, answer = {"x": name}, f"Nice to meet you, {name}."
    elif kind == "story_at":
        while True:
            hero, place = r.choice(FACTS["heroes"]), r.choice(FACTS["places"])
            if part_of(f"story {hero['animal']} {place['place']}") == part:
                break
        slots, answer = {"ax": article(hero["animal"]), "b": place["place"]}, story(hero, place)
    else:
        slots, answer = r.choice(TABLES[kind])
    text = r.choice(P[kind][part]).format(**slots)
    return capital(text), answer


def remark(r):
    """A short sentence beside the point, which the model must learn to pass over."""
    who = r.choice(("I", "I", "I", "We", "You", "They", "My friend", "My mother", "My brother", "The teacher", "Nobody here",
                    "My class", r.choice(NAMES["train"].split())))
    does = r.choice(("never knew", "must write", "did not hear", "asked me about", "should know", "will need", "really like",
                     "want to hear", "cannot find", "had to learn", "keep asking about", "wrote down", "heard about",
                     "am learning", "told me about", "love", "talked about", "looked for", "studied", "have lost"))
    what = r.choice(("it", "it", "that", "this", "the answer", "the right word", "this one", "all of it", "the book"))
    when = r.choice(("", "", "", " today", " at school", " again", " now", " yesterday", " for my sister", " so much"))
    return f"{who} {does} {what}{when}{r.choice('...!')}"


def trimmed(text, kind, part, r):
    """The question as people write it: with a word before or after it, and in training with small slips."""
    if kind in ("my_name", "hello", "bye", "thanks", "how_are_you", "repeat", "ask_name"):
        before = after = ""
    else:
        before, after = r.choice(BEFORE[part]), r.choice(AFTER[part])
        if part == "train" and r.random() < 0.25:
            after = " " + remark(r)
        if part == "train" and r.random() < 0.06:
            before = remark(r) + " "
    if part == "train" and kind != "my_name":
        roll = r.random()
        if roll < 0.08:
            text = text[:1].lower() + text[1:]
        elif roll < 0.12:
            text = text.lower()
        if not after and r.random() < 0.08:
            text = text.rstrip("?.!")
    if before in ("Now ", "Ok, ") and not text[1:2].isupper():
        text = text[:1].lower() + text[1:] if text.split()[0] in ("What", "Which", "Tell", "How", "Name", "Can") else text
    return before + text + after


def turn(role, content):
    return {"role": role, "content": content}


def conversation(part, r, kind, turns):
    """Messages with `turns` questions, the last of the given kind where that is free; ends with an answer."""
    messages, name, said, last = [], None, None, None
    if r.random() < 0.15:
        messages.append(turn("system", r.choice(SYSTEM[part])))
    for i in range(turns):
        k = kind if i == turns - 1 else r.choices(list(WEIGHTS), WEIGHTS.values())[0]
        if turns > 1 and i == 0 and kind == "ask_name" and r.random() < 0.8:
            k = "my_name"
        if turns > 1 and i == turns - 2 and kind == "follow":
            k = r.choice(FOLLOWED)
        if i < turns - 1 and k in ("story", "story_at"):
            k = "capital"
        if k == "follow":
            slots, a = r.choice(TABLES[last])
            q = r.choice(FOLLOW[part]).format(x=slots.get("ax", slots["x"]))
        else:
            # Earlier turns are always asked in trained ways, so that a held-out line measures its last question.
            own = part if i == turns - 1 else "train"
            q, a = question(k, own, r)
            if k == "my_name":
                name = a[len("Nice to meet you, "):-1]
            if k == "ask_name" and name:
                a = f"Your name is {name}."
            if k == "repeat" and said:
                a = said
            q = trimmed(q, k, own, r)
        messages += [turn("user", q), turn("assistant", a)]
        said, last = a, k
    return messages


def sample(part, r, kind=None):
    many = 0.3 if part == "train" else 0.25
    if kind is None:
        kind = r.choices(list(WEIGHTS) + ["follow"], list(WEIGHTS.values()) + [5])[0]
    turns = r.choice((2, 2, 3)) if kind == "follow" or r.random() < many or (
        kind in ("ask_name", "repeat") and r.random() < 0.85) else 1
    return kind, conversation(part, r, kind, turns)


def training(count, seed):
    r = random.Random(seed)
    for _ in range(count):
        if r.random() < 0.03:
            kind = r.choice([k for k in WEIGHTS if k not in ("unknown", "ask_name", "repeat", "beyond")])
            yield {"text": question(kind, "train", r)[1]}
        else:
            yield {"messages": sample("train", r)[1]}


def held_out(part, count, seed):
    """Every kind gets the same number of different questions, or all there are where there are fewer."""
    r = random.Random(seed)
    kinds = list(WEIGHTS) + ["follow"]
    lines = []
    for kind in kinds:
        seen = set()
        for _ in range(20 * count // len(kinds)):
            if len(seen) == -(-count // len(kinds)):
                break
            _, messages = sample(part, r, kind)
            key = json.dumps(messages)
            if key not in seen and len(messages) < 9:
                seen.add(key)
                lines.append({"kind": kind, "messages": messages[:-1], "answer": messages[-1]["content"]})
    return lines


def main():
    options = argparse.ArgumentParser()
    options.add_argument("part", choices=("train", "dev", "test"))
    options.add_argument("--count", type=int, required=True)
    options.add_argument("--seed", type=int, required=True)
    given = options.parse_args()
    check()
    lines = training(given.count, given.seed) if given.part == "train" else held_out(given.part, given.count, given.seed)
    for line in lines:
        print(json.dumps(line))


if __name__ == "__main__":
    main()
