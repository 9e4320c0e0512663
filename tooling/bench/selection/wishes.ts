import { STORIES, type Story } from "./stories.ts";

/** For each story, in the same order, what somebody types who wants to see it: seldom its own words. */
const WISHES: readonly string[] = [
  "the bakery with the bad oven",
  "how the company almost ran out of money",
  "stopping quarrels at work",
  "the farmer planting oaks",
  "grandma's first phone",
  "a mistake in the manual",
  "losing a race",
  "light and falling asleep",
  "selling a house to buy a recipe",
  "the wrong patient",
  "learning languages",
  "the lighthouse in the storm",
  "his talking parrot",
  "giving a prize back",
  "building a bridge",
  "what violin makers listen to",
  "the blank on the cave map",
  "shy teams and who speaks first",
  "a scarecrow against crows",
  "warung yang ramai",
  "kontrak yang ditandatangani",
  "anak yang suka membaca",
  "payung peninggalan nenek",
  "tukang becak dan sarjana",
  "peta terbalik dan tersesat",
  "cara menabung",
  "naik pesawat pertama kali",
  "perahu tua",
  "gempa di sekolah",
  "tidur dan jam dinding",
];

export function wishFor(story: Story): string {
  const wish = WISHES[STORIES.indexOf(story)];
  if (wish === undefined) throw new Error(`Nobody has said what to ask for: ${story.lines[0]}`);
  return wish;
}
