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
  host(
    "wide",
    "Welcome back. Today we talk about a machine that saved more lives than any weapon ever took.",
  ),
  host("host", "Let me begin with a simple question. Why did so many sailors get lost on the ocean?", 0.7),
  guest(
    "guest",
    "Because there are no signs on the water. You can read how far north you are from the sun at noon.",
  ),
  guest("guest", "But how far east or west? For that you need to know the time, and nobody had the time."),
  host("host", "Wait. What does time have to do with place?", 0.7),
  guest(
    "slide",
    "Everything. The earth turns around once a day. So every hour of time is fifteen degrees of the globe.",
  ),
  guest(
    "slide",
    "If your clock is wrong by four minutes, you are wrong by sixty miles. And sixty miles can kill you.",
    1.2,
  ),
  host("wide", "And did people really die from that?", 0.6),
  guest(
    "guest",
    "They did. Three hundred years ago, four ships of the English navy hit the rocks in one night.",
  ),
  guest(
    "guest",
    "More than fourteen hundred men died, because they believed that they were somewhere else.",
    0.9,
  ),
  guest("wide", "After that, the government did something very modern. It offered a prize."),
  host("host", "How much was it?", 0.6),
  guest(
    "guest",
    "Twenty thousand pounds. In our money, that is several million. And it was open to everybody.",
    1.4,
  ),
  host("wide", "Let me guess. A famous professor found the answer?", 0.7),
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
    "Most people would. But here is the lesson. He learned that he was working on the wrong problem.",
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
  host("host", "So how good was this new watch?", 0.6),
  guest(
    "slide",
    "They put it on a ship and sailed to the other side of the ocean. The trip took eighty one days.",
  ),
  guest(
    "slide",
    "When they arrived, the watch was wrong by five seconds. Five seconds, after eighty one days on the water.",
    1.1,
  ),
  host("wide", "That is amazing. Did they give him the money at once?", 0.7),
  guest(
    "guest",
    "They did not. They said that it was only good luck. They changed the rules, and they asked for another test.",
  ),
  guest(
    "guest",
    "He was almost eighty years old when he finally got his money, and only because the king himself was angry.",
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
    "And today we all carry his idea in our hands. Your phone can tell where you are, because it knows what time it is.",
  ),
  host(
    "wide",
    "Thank you for listening. If you like this story, then please tell it to a friend who is about to give up.",
  ),
];
