import type { Metadata } from "next";
import { Prose } from "../../../components/prose.tsx";

export const metadata: Metadata = { title: "Legal" };

export default function LegalPage() {
  return (
    <Prose title="Legal" lead="Who answers for this page, and what it keeps about you.">
      <h2>Who runs this</h2>
      <p>
        KangKlip is a program that anybody can run. The person or company whose address is in your browser's
        address bar runs this installation, and is the one to ask about it.
      </p>
      <h2>What is kept</h2>
      <ul>
        <li>
          In your browser: the token of each job you start, so that you can come back to it. No cookies, no
          tracking.
        </li>
        <li>
          Where credits are on, also in your browser: the name of the wallet you used last, and a payment that
          is under way. That you are signed in is kept by the open page alone. On the server: which wallet a
          job belongs to and what it paid for. Payments are on a public chain, for anybody to see.
        </li>
        <li>
          On the server: the address or file name you gave, the clips with their transcript, and a log of what
          was asked and how it went. Tokens and signatures are left out of the log.
        </li>
      </ul>
      <p className="mt-4">
        This page loads nothing from anywhere else: fonts, pictures and scripts all come with it.
      </p>
      <h2>Fonts</h2>
      <p>Text is set in Geist, under the SIL Open Font License 1.1.</p>
    </Prose>
  );
}
