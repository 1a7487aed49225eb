"""Every way in which the demo model is asked: TRAIN is taught, DEV is watched during training, TEST is measured at the end.

A phrasing stands in exactly one of the three lists of its kind; see `check()`.
{x} is what is asked about, {ax} the same with its article ("a fox"), {a} and {b} are numbers or a second thing.
"""

P = {}


def kind(name, train, dev, test):
    P[name] = {"train": train, "dev": dev, "test": test}


kind("capital",
     ["What is the capital of {x}?", "What's the capital of {x}?", "Tell me the capital of {x}.",
      "Name the capital of {x}.", "Can you tell me the capital of {x}?", "Do you know the capital of {x}?",
      "Which city is the capital of {x}?", "I want to know the capital of {x}.", "{x} has which capital?",
      "What is the capital city of {x}?", "What city is {x}'s capital?", "Give me the capital of {x}."],
     ["Could you name the capital city of {x}?", "The capital of {x}?"],
     ["What is {x}'s capital?", "I would like to know which city is the capital of {x}.",
      "Can you name the capital of {x}?"])
kind("capital_of",
     ["{x} is the capital of which country?", "Which country has {x} as its capital?",
      "Of which country is {x} the capital?", "What country has the capital {x}?",
      "Tell me which country has {x} as its capital.", "Name the country whose capital is {x}.",
      "{x} is the capital of what?", "Do you know which country has the capital {x}?",
      "{x} is the capital city of which country?"],
     ["The capital of which country is {x}?"],
     ["Which country has the capital {x}?", "Can you name the country whose capital is {x}?"])
kind("continent",
     ["Which continent is {x} in?", "On which continent is {x}?", "What continent is {x} on?",
      "In which part of the world is {x}?", "Where is {x}?", "Tell me the continent of {x}.",
      "Name the continent of {x}.", "Where in the world is {x}?", "Where can I find {x}?",
      "{x} is in which part of the world?", "Do you know where {x} is?"],
     ["Can you tell me the continent of {x}?"],
     ["{x} is on which continent?", "Can you tell me where {x} is?", "What is the continent of {x}?"])
kind("language",
     ["What language do people speak in {x}?", "Which language do people in {x} speak?",
      "What do people speak in {x}?", "Which language is spoken in {x}?", "What is the language of {x}?",
      "Tell me the language of {x}.", "In {x}, which language do people speak?",
      "What language do they speak in {x}?", "Do you know what people in {x} speak?", "Name the language of {x}."],
     ["Can you tell me the language of {x}?"],
     ["What language is spoken in {x}?", "Which language do they speak in {x}?",
      "Tell me what language people in {x} speak."])
kind("colour",
     ["What colour is {x}?", "What is the colour of {x}?", "Which colour is {x}?", "Tell me the colour of {x}.",
      "Which colour does {x} have?", "What color is {x}?", "{x} has which colour?", "Name the colour of {x}.",
      "Do you know the colour of {x}?", "What is the color of {x}?", "Tell me what color {x} has."],
     ["Can you tell me the color of {x}?"],
     ["Can you tell me what colour {x} is?", "Which color is {x}?", "What colour does {x} have?"])
kind("legs",
     ["How many legs does {ax} have?", "How many legs has {ax}?", "What number of legs does {ax} have?",
      "Tell me how many legs {ax} has.", "{ax} has how many legs?", "Count the legs of {ax}.",
      "Do you know how many legs {ax} has?", "On how many legs does {ax} walk?", "How many legs are there on {ax}?"],
     ["How many legs can you count on {ax}?"],
     ["Can you tell me how many legs {ax} has?", "What is the number of legs of {ax}?"])
kind("young",
     ["What is a young {x} called?", "What is a baby {x} called?", "What do you call a baby {x}?",
      "What do you call a young {x}?", "What is the name of a young {x}?", "How do you call the young of {ax}?",
      "Tell me the name of a baby {x}.", "What is the young of {ax} called?", "A young {x} is called what?",
      "Do you know what a baby {x} is called?", "What name does a young {x} have?"],
     ["Can you tell me the name of a young {x}?"],
     ["What is the name of a baby {x}?", "Tell me what a young {x} is called.", "A baby {x} is called what?"])
kind("young_of",
     ["What is {ax}?", "Tell me what {ax} is.", "Which animal is {ax}?", "{ax} is the young of which animal?",
      "What does the word {x} mean?", "Do you know what {ax} is?", "What animal is called {ax}?",
      "Of which animal is {ax} the young?"],
     ["What kind of animal is called {ax}?"],
     ["Can you tell me what {ax} is?", "What is the meaning of the word {x}?"])
kind("sound",
     ["What does {ax} say?", "What sound does {ax} make?", "Which sound does {ax} make?", "How does {ax} sound?",
      "What noise does {ax} make?", "Tell me the sound of {ax}.", "What is the sound of {ax}?", "What do you hear from {ax}?",
      "Do you know what {ax} says?"],
     ["Which noise does {ax} make?"],
     ["Can you tell me the sound of {ax}?", "Tell me what {ax} says."])
kind("home",
     ["Where does {ax} live?", "What is the home of {ax}?", "What is the home of {ax} called?",
      "Tell me where {ax} lives.", "In what does {ax} live?", "Where is the home of {ax}?",
      "Do you know where {ax} lives?", "Name the home of {ax}.", "Where can {ax} live?"],
     ["What do you call the home of {ax}?"],
     ["Can you tell me where {ax} lives?", "Tell me the home of {ax}."])
kind("class",
     ["What kind of animal is {ax}?", "Which kind of animal is {ax}?", "What type of animal is {ax}?",
      "To which class of animals does {ax} belong?", "What sort of animal is {ax}?",
      "Tell me what kind of animal {ax} is.", "Is {ax} a mammal, a bird or something else?",
      "Which class of animals does {ax} belong to?", "What is {ax}, a mammal or a fish or something else?"],
     ["Which sort of animal is {ax}?"],
     ["Do you know what kind of animal {ax} is?", "Which type of animal is {ax}?"])
kind("planet",
     ["Which planet is the {x} from the Sun?", "What is the {x} planet from the Sun?",
      "Name the {x} planet from the Sun.", "What is the {x} planet?", "Tell me the {x} planet from the Sun.",
      "What is the name of the {x} planet?", "Which planet is the {x} one?", "Do you know the {x} planet from the Sun?"],
     ["Which is the {x} planet?"],
     ["What planet is the {x} from the Sun?", "Can you name the {x} planet from the Sun?"])
kind("planet_place",
     ["Which planet from the Sun is {x}?", "Where in the row of planets is {x}?", "What place has {x} among the planets?",
      "Is {x} the first or the second planet?", "Tell me the place of {x} among the planets.",
      "Which number has the planet {x}?", "What number is {x} among the planets?"],
     ["Which place has {x} in the row of planets?"],
     ["What place has {x} in the row of planets?", "Which number has {x} among the planets?"])
kind("month_days",
     ["How many days does {x} have?", "How many days are there in {x}?", "How many days has {x}?",
      "{x} has how many days?", "Tell me how many days {x} has.", "How long is {x}?", "How many days are in {x}?",
      "What is the number of days in {x}?", "Do you know how many days there are in {x}?"],
     ["Tell me the number of days in {x}."],
     ["Can you tell me how many days {x} has?", "In {x} there are how many days?"])
kind("month_after",
     ["Which month comes after {x}?", "What month comes after {x}?", "What is the month after {x}?",
      "Tell me the month after {x}.", "Which month follows {x}?", "After {x} comes which month?",
      "What is the next month after {x}?", "Name the month that comes after {x}."],
     ["Can you name the month after {x}?"],
     ["Which month is after {x}?", "What month follows {x}?", "Name the month after {x}."])
kind("month_before",
     ["Which month comes before {x}?", "What month comes before {x}?", "What is the month before {x}?",
      "Tell me the month before {x}.", "Before {x} comes which month?", "Name the month that comes before {x}.",
      "What month do we have before {x}?"],
     ["Can you name the month before {x}?"],
     ["Which month is before {x}?", "Name the month before {x}."])
kind("day_after",
     ["Which day comes after {x}?", "What day comes after {x}?", "What is the day after {x}?",
      "Tell me the day after {x}.", "Which day follows {x}?", "After {x} comes which day?",
      "Today is {x}. What day is tomorrow?", "If today is {x}, what day is tomorrow?",
      "Name the day that comes after {x}."],
     ["Can you name the day after {x}?"],
     ["Which day is after {x}?", "What day follows {x}?", "Today is {x}. Which day is tomorrow?"])
kind("day_before",
     ["Which day comes before {x}?", "What day comes before {x}?", "What is the day before {x}?",
      "Tell me the day before {x}.", "Before {x} comes which day?", "Today is {x}. What day was yesterday?",
      "If today is {x}, what day was yesterday?", "Name the day that comes before {x}."],
     ["Can you name the day before {x}?"],
     ["Which day is before {x}?", "Today is {x}. Which day was yesterday?"])
kind("unit",
     ["How many {a} does {x} have?", "How many {a} are there in {x}?", "How many {a} has {x}?",
      "{x} has how many {a}?", "Tell me how many {a} {x} has.", "How many {a} are in {x}?",
      "What is the number of {a} in {x}?", "Do you know how many {a} there are in {x}?", "How many {a} make {x}?"],
     ["Tell me the number of {a} in {x}."],
     ["Can you tell me how many {a} {x} has?", "In {x} there are how many {a}?"])
kind("opposite",
     ["What is the opposite of {x}?", "Tell me the opposite of {x}.", "What's the opposite of {x}?",
      "Which word is the opposite of {x}?", "Name the opposite of {x}.", "Give me the opposite of {x}.",
      "{x} is the opposite of what?", "Do you know the opposite of {x}?", "Which word means the opposite of {x}?",
      "What is the contrary of {x}?", "What word is the opposite of {x}?"],
     ["Can you name the opposite of {x}?"],
     ["What word means the opposite of {x}?", "Can you tell me the opposite of {x}?",
      "{x} is the opposite of which word?"])
kind("plural",
     ["What is the plural of {x}?", "Tell me the plural of {x}.", "What's the plural of {x}?",
      "Name the plural of {x}.", "Give me the plural of {x}.", "What is the plural form of {x}?",
      "How do you write the plural of {x}?", "Do you know the plural of {x}?", "One {x}, two what?",
      "Which word is the plural of {x}?"],
     ["Can you name the plural of {x}?"],
     ["What word is the plural of {x}?", "Tell me the plural form of {x}.", "Can you tell me the plural of {x}?"])
kind("past",
     ["What is the past tense of {x}?", "Tell me the past tense of {x}.", "What's the past tense of {x}?",
      "Name the past tense of {x}.", "Give me the past tense of {x}.", "What is the past form of {x}?",
      "How do you write {x} in the past tense?", "Do you know the past tense of {x}?",
      "Today I {x}. What is the word for yesterday?", "Put {x} into the past tense."],
     ["Can you name the past tense of {x}?"],
     ["Tell me the past form of {x}.", "Can you tell me the past tense of {x}?", "Write {x} in the past tense."])
kind("letter_after",
     ["Which letter comes after {x}?", "What letter comes after {x}?", "What is the letter after {x}?",
      "Tell me the letter after {x}.", "Which letter follows {x}?", "After {x} comes which letter?",
      "What is the next letter after {x}?", "Name the letter that comes after {x}."],
     ["Can you name the letter after {x}?"],
     ["Which letter is after {x}?", "What letter follows {x}?"])
kind("letter_before",
     ["Which letter comes before {x}?", "What letter comes before {x}?", "What is the letter before {x}?",
      "Tell me the letter before {x}.", "Before {x} comes which letter?",
      "Name the letter that comes before {x}.", "Which letter do we have before {x}?"],
     ["Can you name the letter before {x}?"],
     ["Which letter is before {x}?", "Name the letter before {x}."])
kind("number_after",
     ["Which number comes after {a}?", "What number comes after {a}?", "What is the number after {a}?",
      "Tell me the number after {a}.", "Which number follows {a}?", "After {a} comes which number?",
      "What is the next number after {a}?", "Name the number that comes after {a}."],
     ["Can you name the number after {a}?"],
     ["Which number is after {a}?", "What number follows {a}?"])
kind("number_before",
     ["Which number comes before {a}?", "What number comes before {a}?", "What is the number before {a}?",
      "Tell me the number before {a}.", "Before {a} comes which number?",
      "Name the number that comes before {a}.", "Which number do we have before {a}?"],
     ["Can you name the number before {a}?"],
     ["Which number is before {a}?", "Name the number before {a}."])
kind("count",
     ["Count from {a} to {b}.", "Can you count from {a} to {b}?", "Please count from {a} to {b}.",
      "Name the numbers from {a} to {b}.", "Tell me the numbers from {a} to {b}.", "Count up from {a} to {b}.",
      "Start at {a} and count to {b}."],
     ["Give me the numbers from {a} to {b}."],
     ["I want you to count from {a} to {b}.", "Can you name the numbers from {a} to {b}?"])
kind("to_word",
     ["How do you write {a} in words?", "Write {a} in words.", "What is {a} in words?", "Which word is the number {a}?",
      "Tell me the word for {a}.", "What is the word for {a}?", "Say {a} in words.", "Write the number {a} as a word."],
     ["Give me the word for {a}."],
     ["Can you write {a} in words?", "Tell me {a} in words."])
kind("to_number",
     ["How do you write {x} as a number?", "Write {x} as a number.", "What is {x} in digits?", "Write {x} in digits.",
      "Tell me {x} as a number.", "What is {x} as a number?", "Which number is {x}?", "Say {x} in digits."],
     ["Give me {x} in digits."],
     ["Can you write {x} as a number?", "Tell me {x} in digits."])
kind("add",
     ["What is {a} plus {b}?", "What is {a} + {b}?", "{a} + {b} = ?", "How much is {a} plus {b}?", "Add {a} and {b}.",
      "Calculate {a} + {b}.", "What is the sum of {a} and {b}?", "Tell me {a} plus {b}.", "How much is {a} + {b}?",
      "What do you get if you add {a} and {b}?", "{a} plus {b} is what?", "What's {a} plus {b}?", "{a} + {b}",
      "I have {a} apples and get {b} more. How many apples do I have?"],
     ["What is {a} and {b} together?", "Please add {a} and {b}."],
     ["Calculate {a} plus {b}.", "Can you add {a} and {b}?", "Tell me the sum of {a} and {b}."])
kind("subtract",
     ["What is {a} minus {b}?", "What is {a} - {b}?", "{a} - {b} = ?", "How much is {a} minus {b}?",
      "Take {b} from {a}.", "Calculate {a} - {b}.", "Subtract {b} from {a}.", "Tell me {a} minus {b}.",
      "How much is {a} - {b}?", "What do you get if you take {b} from {a}?", "{a} minus {b} is what?",
      "What's {a} minus {b}?", "{a} - {b}", "I have {a} apples and eat {b} of them. How many apples do I have?"],
     ["Can you take {b} from {a}?"],
     ["Calculate {a} minus {b}.", "Can you subtract {b} from {a}?", "What do you get if you subtract {b} from {a}?"])
kind("multiply",
     ["What is {a} times {b}?", "What is {a} * {b}?", "{a} * {b} = ?", "How much is {a} times {b}?",
      "Multiply {a} by {b}.", "Calculate {a} * {b}.", "Tell me {a} times {b}.", "{a} times {b} is what?",
      "What is {a} multiplied by {b}?", "What's {a} times {b}?", "What do you get if you multiply {a} by {b}?"],
     ["How much is {a} multiplied by {b}?"],
     ["Calculate {a} times {b}.", "Can you multiply {a} by {b}?", "How much is {a} * {b}?"])
kind("divide",
     ["What is {a} divided by {b}?", "What is {a} / {b}?", "{a} / {b} = ?", "How much is {a} divided by {b}?",
      "Divide {a} by {b}.", "Calculate {a} / {b}.", "Tell me {a} divided by {b}.", "{a} divided by {b} is what?",
      "What's {a} divided by {b}?", "What do you get if you divide {a} by {b}?"],
     ["Please divide {a} by {b}."],
     ["Calculate {a} divided by {b}.", "Can you divide {a} by {b}?", "How much is {a} / {b}?"])
kind("double",
     ["What is double {a}?", "What is the double of {a}?", "Double {a}.", "How much is twice {a}?", "What is twice {a}?",
      "Tell me the double of {a}.", "What do you get if you double {a}?"],
     ["How much is double {a}?"],
     ["Can you double {a}?", "Tell me twice {a}."])
kind("larger",
     ["Which is larger, {a} or {b}?", "Which number is larger, {a} or {b}?", "What is more, {a} or {b}?",
      "Which one is bigger, {a} or {b}?", "Is {a} or {b} larger?", "Tell me which is bigger, {a} or {b}.",
      "Which number is bigger, {a} or {b}?", "Which is the larger number, {a} or {b}?"],
     ["Which is more, {a} or {b}?"],
     ["Which is bigger, {a} or {b}?", "Tell me which number is larger, {a} or {b}.", "Is {a} or {b} bigger?"])
kind("even",
     ["Is {a} even or odd?", "Is {a} odd or even?", "Is the number {a} even or odd?", "Tell me if {a} is even or odd.",
      "What is {a}, even or odd?", "{a}: even or odd?", "Is {a} an even or an odd number?"],
     ["Do you know if {a} is even or odd?"],
     ["Is the number {a} odd or even?", "Tell me whether {a} is odd or even."])
kind("story",
     ["Tell me a story about {ax}.", "Tell me a story about {ax}, please.", "Write a story about {ax}.",
      "Can you tell me a story about {ax}?", "I want to hear a story about {ax}.", "Tell a short story about {ax}.",
      "Do you know a story about {ax}?", "Please tell me about {ax} in a story.", "Give me a story about {ax}."],
     ["Write a short story about {ax}."],
     ["Can you write a story about {ax}?", "Tell me a short story about {ax}.", "I would like to hear a story about {ax}."])
kind("story_at",
     ["Tell me a story about {ax} and {b}.", "Tell me a story about {ax} at {b}.", "Write a story about {ax} and {b}.",
      "Can you tell me a story about {ax} at {b}?", "I want to hear a story about {ax} and {b}.",
      "Tell a short story about {ax} and {b}.", "Give me a story about {ax} at {b}.",
      "Tell me how {ax} went to {b}."],
     ["Write a short story about {ax} and {b}."],
     ["Can you write a story about {ax} and {b}?", "Tell me a short story about {ax} at {b}."])
kind("my_name",
     ["My name is {x}.", "I am {x}.", "Hello, my name is {x}.", "Hi, I am {x}.", "I'm {x}.", "People call me {x}.",
      "You can call me {x}.", "Hello! I am {x}."],
     ["Hi! My name is {x}."],
     ["Hi, my name is {x}.", "Hello, I'm {x}."])
kind("ask_name",
     ["What is my name?", "Do you know my name?", "What's my name?", "Who am I?", "Tell me my name.",
      "Do you remember my name?", "How am I called?"],
     ["Can you say my name?"],
     ["Can you tell me my name?", "Do you know who I am?"])
kind("repeat",
     ["Can you repeat that?", "Please say that again.", "Say that again.", "What did you say?", "Repeat your answer.",
      "Could you say that again?", "Sorry, what did you say?", "Please repeat your last answer."],
     ["Can you say it again?"],
     ["Please repeat that.", "Can you repeat your last answer?"])
kind("hello",
     ["Hello!", "Hi!", "Hello.", "Hi there!", "Hi, good morning!", "Hello, Decanter!", "Hi, Decanter!", "Hey, hi!", "Hey!", "Good morning!", "Good evening!", "Hello, how do you do?", "Hi",
      "Hello there!", "Good day!"],
     ["Hi, hello!"],
     ["Hey there!", "Hello and good morning!"])
kind("how_are_you",
     ["How are you?", "How are you today?", "Are you well this morning?", "Hi! How are you?", "How do you feel?", "How is it going?", "Are you well?", "How do you feel today?"],
     ["Are you well today?"],
     ["How is it going today?", "Hello! How are you?"])
kind("thanks",
     ["Thank you!", "Thanks!", "Thank you very much.", "Thanks a lot!", "Thank you.", "Many thanks!", "Thanks for your help."],
     ["Thanks very much!"],
     ["Thank you for your help.", "Thank you a lot!"])
kind("bye",
     ["Goodbye!", "Bye!", "See you!", "Good night!", "Bye bye!", "See you later!", "I have to go now.", "Goodbye for now."],
     ["Bye for now!"],
     ["Goodbye, see you!", "I have to go, bye!"])
kind("who",
     ["Who are you?", "What are you?", "What is your name?", "Tell me who you are.", "What's your name?",
      "Are you a person?", "Are you human?", "Please introduce yourself.", "Do you have a name?", "How are you called?"],
     ["Tell me your name."],
     ["Can you tell me who you are?", "Can you introduce yourself?", "Tell me what you are."])
kind("can",
     ["What can you do?", "What do you know?", "How can you help me?", "What can I ask you?", "Tell me what you can do.",
      "What are you good at?", "What questions can you answer?", "What may I ask?"],
     ["What do you know about?"],
     ["Can you tell me what you can do?", "What can you help me with?", "Tell me what I can ask you."])
kind("cannot",
     ["What can you not do?", "Do you know everything?", "Can you make mistakes?", "What do you not know?",
      "Are you always right?", "Tell me what you cannot do.", "What can't you do?"],
     ["Can you answer everything?"],
     ["Can you do everything?", "Do you make mistakes?"])

FOLLOW = {"train": ["And {x}?", "What about {x}?", "And what about {x}?", "Now {x}.", "And now {x}?"],
          "dev": ["And then {x}?"], "test": ["How about {x}?", "Now what about {x}?"]}

BEFORE = {"train": [""] * 22 + [
              "Please tell me: ", "Quick question: ", "Hey, ", "I have a question. ", "Hello! ", "Tell me: ", "Question: ",
              "Hi! ", "Now ", "Ok, ", "I want to ask you something. ", "Excuse me, ", "Sorry, ", "Well, ", "So, ", "Please: ",
              "My question is: ", "I would like to know something. ", "Can you help me? ", "Help me, please. ",
              "Good morning! ", "My teacher asked me: ", "Here is my question: ", "Listen: ", "A small question: ",
              "Dear Decanter, ", "Oh, ", "Yes. ", "No. ", "All right, ", "My friend wants to know: ", "Answer me: ",
              "I am not sure. ", "You are clever. ", "Let us go on. ", "Thank you. ", "This is for school: "],
          "dev": ["", "One question: "], "test": ["", "", "", "", "Hello, I have a question. ", "Please answer: "]}

AFTER = {"train": [""] * 22 + [
             " Please.", " Thank you.", " Thanks!", " I do not know.", " Tell me please.", " I am not sure.",
             " I need to know it.", " It is for school.", " My friend asked me.", " That is my question.", " Be quick.",
             " Can you help?", " I want to learn.", " Many thanks!", " You are great.", " I have to know it today.",
             " Do you know it?", " Answer, please.", " We had it at school.", " I never know.", " I lost my book.",
             " This is hard for me.", " Thank you very much!", " My sister does not know it."],
         "dev": ["", " I forgot it."], "test": ["", "", "", "", "", " Thanks a lot!"]}

SYSTEM = {"train": ["You are a helpful assistant.", "You are a friendly assistant.", "Answer the questions.",
                    "You are Decanter.", "Answer in one sentence.", "Be polite.", "Be short and correct.",
                    "You are a teacher who helps a child.", "You are a helpful, honest and polite assistant.",
                    "Please answer in English.", "Answer every question as well as you can.",
                    "You help people with small questions.", "If you do not know something, say so."],
          "dev": ["You are a polite assistant who answers questions."],
          "test": ["You are an honest assistant.", "Be friendly and answer in short sentences.",
                   "You are a helpful teacher. Answer every question."]}


def check():
    """Fails when a phrasing that is kept out of training is also trained."""
    for name, lists in P.items():
        every = [t for part in lists.values() for t in part]
        if len(set(every)) != len(every):
            raise ValueError(f"{name}: a phrasing stands in two lists")
