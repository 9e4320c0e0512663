/** The sample's talk: who says what, in which shot, and how long they are silent afterwards. Written for this project. */
export interface Line {
  speaker: "host" | "guest";
  shot: Shot;
  text: string;
  /** Seconds of silence after the line. */
  pauseSeconds: number;
}
export type Shot = "wide" | "host" | "guest" | "slide";

const said =
  (speaker: Line["speaker"]) =>
  (shot: Shot, text: string, pauseSeconds = 0.55): Line => ({ speaker, shot, text, pauseSeconds });
const host = said("host");
const guest = said("guest");

/** Seconds of music before the first word and after the last one. */
export const INTRO_SECONDS = 3;
export const OUTRO_SECONDS = 4;

// The history is told after public sources: the wreck of 1707, the Longitude Act of 1714, Harrison's sea clocks.
export const SCRIPT: readonly Line[] = [
  host("wide", "Welcome back. Today we talk about a clock that saved more lives than any weapon ever took."),
  host("host", "So let me start with a simple question. Why was it so hard to know where a ship was?", 0.7),
  guest("guest", "Because the sea has no signs. You can read how far north you are from the sun at noon."),
  guest("guest", "But how far east or west? For that you need to know the time, and nobody had the time."),
  host("host", "Wait. What does time have to do with place?", 0.7),
  guest(
    "slide",
    "Everything. The earth turns once a day. So one hour of difference is fifteen degrees of the globe.",
  ),
  guest(
    "slide",
    "If your clock is wrong by four minutes, you are wrong by sixty miles. And sixty miles can kill you.",
    1.2,
  ),
  host("wide", "Did it kill people?", 0.6),
  guest(
    "guest",
    "It did. In seventeen oh seven, four ships of the English fleet hit the rocks in one night.",
  ),
  guest(
    "guest",
    "More than fourteen hundred men died, because they thought that they were somewhere else.",
    0.9,
  ),
  guest("wide", "After that, the government did something very modern. It offered a prize."),
  host("host", "How much was it?", 0.6),
  guest(
    "guest",
    "Twenty thousand pounds. In our money, that is several million. And it was open to everybody.",
    1.4,
  ),
  host("wide", "Let me guess. A famous professor won it?", 0.7),
  guest("guest", "No. And that is the best part of the story. The man who solved it was a carpenter."),
  guest(
    "guest",
    "His name was John. He had no degree, he had no friends at court, and he built clocks out of wood.",
  ),
  host("host", "Why did the experts not believe in him?", 0.6),
  guest(
    "guest",
    "Because they were looking at the sky. They wanted to use the moon and the stars, like a giant clock.",
  ),
  guest(
    "wide",
    "It was beautiful, and it took four hours of work to find one position. In a storm, it was useless.",
    1.3,
  ),
  host("wide", "So how long did the carpenter need?", 0.6),
  guest(
    "guest",
    "More than thirty years. His first clock was as big as a table, and it weighed as much as a man.",
  ),
  guest(
    "guest",
    "The second one was better. The third one took him nineteen years, and he was still not happy.",
  ),
  host("host", "Nineteen years for a failure? I would have given up.", 0.8),
  guest(
    "guest",
    "Most people would. But here is the lesson. The failure taught him that he was solving the wrong problem.",
  ),
  guest(
    "wide",
    "He had made the clock bigger to make it better. The answer was to make it smaller, and faster.",
    0.9,
  ),
  guest(
    "guest",
    "So he threw the big machine away, and he built a watch that you could hold in one hand.",
    1.4,
  ),
  host("host", "And did the little watch work?", 0.6),
  guest(
    "slide",
    "They put it on a ship and sailed to the other side of the ocean. The trip took eighty one days.",
  ),
  guest(
    "slide",
    "When they arrived, the watch was wrong by five seconds. Five seconds, after eighty one days at sea.",
    1.1,
  ),
  host("wide", "That is amazing. So they paid him at once?", 0.7),
  guest(
    "guest",
    "They did not. They said that it was luck. They changed the rules, and they asked for another test.",
  ),
  guest(
    "guest",
    "He was eighty years old when he finally got his money, and only because the king himself was angry.",
    1.2,
  ),
  host("host", "What should we learn from this man?", 0.6),
  guest("guest", "Three things. First, the person who solves your problem may not look like an expert."),
  guest(
    "guest",
    "Second, when you are stuck for years, do not work harder. Ask if you are making the wrong thing better.",
  ),
  guest(
    "wide",
    "And third, being right is only half of the work. The other half is to stay until people see it.",
    1,
  ),
  host(
    "host",
    "And today we all carry his idea in our pocket. Your phone knows where you are, because it knows what time it is.",
  ),
  host(
    "wide",
    "Thank you for listening. If you liked this story, tell it to somebody who is about to give up.",
  ),
];
