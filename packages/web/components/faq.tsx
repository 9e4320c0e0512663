import { Plus } from "lucide-react";

const ANSWERS = [
  [
    "What does it cost?",
    "On an installation without credits, nothing: every clip is unlocked. An operator can switch credits on; then the price page says what a job and a clip cost, and a job that fails keeps no fee.",
  ],
  [
    "Where does my video go?",
    "To the machine KangKlip runs on. With the default set-up that machine fetches, hears, chooses and renders by itself. If its operator connects a language model, the words of candidate passages are sent there to be ranked, never the video. Clips are opened with a token that only your browser was given, by links that run out.",
  ],
  [
    "How long may the video be?",
    "The form shows this installation's limit; it is 4 hours unless its operator changed it. Clips are cut between words, so they may be a little shorter or longer than the 30, 45 or 60 seconds you ask for, and never over 60.",
  ],
  [
    "Which languages work?",
    "Name English or Indonesian, or leave it to the speech recogniser to hear which language is spoken. Where subtitles come with the video, they are used.",
  ],
  [
    "Which addresses can I paste?",
    "Video files, HLS and DASH streams, and, where yt-dlp is installed, the page of a video on the sites it knows. Use what you have the right to use.",
  ],
  [
    "What if it fails?",
    "The job's page says what happened, in which stage, and what to do about it. You can close the page at any time: the work goes on, and the address brings you back to it.",
  ],
] as const;

export function Faq() {
  return (
    <section
      aria-labelledby="faq"
      className="page grid gap-x-16 gap-y-6 pt-20 sm:pt-28 lg:grid-cols-[1fr_2fr]"
    >
      <h2 id="faq" className="text-3xl sm:text-4xl">
        Before you paste
      </h2>
      <div>
        {ANSWERS.map(([question, answer]) => (
          <details key={question} className="group border-b border-line first:border-t">
            <summary className="flex min-h-14 list-none items-center justify-between gap-4 py-3 text-lg font-medium [&::-webkit-details-marker]:hidden">
              {question}
              <Plus
                size={20}
                aria-hidden="true"
                className="shrink-0 text-soft transition-transform group-open:rotate-45"
              />
            </summary>
            <p className="max-w-prose pb-5 text-soft">{answer}</p>
          </details>
        ))}
      </div>
    </section>
  );
}
