import type { Metadata } from "next";
import { Prose } from "../../../components/prose.tsx";

export const metadata: Metadata = { title: "Terms" };

export default function TermsPage() {
  return (
    <Prose
      title="Terms"
      lead="Short, because KangKlip is software that somebody runs: these are the terms it comes with."
    >
      <h2>Your videos</h2>
      <p>
        Give only what you have the right to use. You stay the owner of your video and of every clip made from
        it. Respect the terms of the site that an address leads to.
      </p>
      <h2>Your clips</h2>
      <p>
        A clip is chosen and captioned by machines, which mishear words and miss context. Watch it before you
        post it: what you publish is yours to answer for.
      </p>
      <h2>Credits</h2>
      <p>
        Where credits are on, they are bought from your own wallet, do not run out, and are not paid back. A
        clip is paid for once. A job that fails or is cancelled keeps no fee.
      </p>
      <h2>The service</h2>
      <p>
        It comes as it is, without a promise that it is always there. Whoever runs this installation may have
        terms of their own, which then come before these.
      </p>
    </Prose>
  );
}
