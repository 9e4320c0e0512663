/** The language of tests: English in brackets and accents, so that text which was never translated stands out. Chosen by the cookie alone. */
export const PSEUDO_LOCALE = "en-XA";

const PLAIN = "ABCDEGHIJKLNORSTUWYZabcdeghijklnorstuwyz";
const ACCENTED = "ÅƁÇÐÉĜĤÎĴĶĻÑÖŔŠŢÛŴÝŽåƀçðéĝĥîĵķļñöŕšţûŵýž";
const accents = new Map([...PLAIN].map((letter, index) => [letter, [...ACCENTED][index] ?? letter]));

/** All messages of an object, each put into the language of tests. Pure. */
export function pseudoMessages<T>(messages: T): T {
  if (typeof messages === "string") return pseudoMessage(messages) as T;
  return Object.fromEntries(
    Object.entries(messages as object).map(([key, value]) => [key, pseudoMessages(value)]),
  ) as T;
}

/**
 * An ICU message with accents on its letters and every run of them in brackets: a message that is laid out in several elements has them in
 * each. One without a letter of its own gets them around all of it. Arguments, plural forms and tags stay as they are. Pure.
 */
export function pseudoMessage(message: string): string {
  const [text] = inText(message, 0);
  return text.includes("[") ? text : `[${text}]`;
}

/** Text up to the brace that closes it, or the end: what becomes of it, and where it ended. */
function inText(message: string, from: number): [text: string, end: number] {
  let text = "";
  let run = "";
  let at = from;
  const close = () => {
    const [, before = "", said = "", after = ""] = /^(\s*)(.*?)(\s*)$/s.exec(run) ?? [];
    const accented = [...said].map((letter) => accents.get(letter) ?? letter).join("");
    text += /\p{L}/u.test(said) ? `${before}[${accented}]${after}` : run;
    run = "";
  };
  while (at < message.length && message[at] !== "}") {
    const tag = /^<\/?[a-zA-Z]+\/?>/.exec(message.slice(at))?.[0];
    if (tag) {
      close();
      text += tag;
      at += tag.length;
    } else if (message[at] === "{") {
      close();
      const [argument, end] = inArgument(message, at);
      text += argument;
      at = end;
    } else run += message[at++];
  }
  close();
  return [text, at];
}

/** An argument from its opening brace: "{name}" as it is, "{name, plural, one {…} other {…}}" with the texts of its forms put over. */
function inArgument(message: string, from: number): [argument: string, end: number] {
  let argument = "{";
  let at = from + 1;
  while (at < message.length && message[at] !== "}") {
    if (message[at] === "{") {
      const [form, end] = inText(message, at + 1);
      argument += `{${form}}`;
      at = end + 1;
    } else argument += message[at++];
  }
  return [`${argument}}`, at + 1];
}
