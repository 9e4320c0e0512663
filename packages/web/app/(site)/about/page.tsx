import type { Metadata } from "next";
import Link from "next/link";
import { Prose } from "../../../components/prose.tsx";

export const metadata: Metadata = { title: "About" };

export default function AboutPage() {
  return (
    <Prose
      title="About"
      lead="In Java, “kang” goes before the name of somebody who is good at one thing. This one cuts clips."
    >
      <p>
        KangKlip takes the address of a long video, or a file, and makes one to five vertical clips of 30, 45
        or 60 seconds. Six stages do the work, and you can watch each of them: download, transcript, chunk,
        select, render, upload.
      </p>
      <p>
        It runs on a laptop, on a GPU of your own or on a rented one; the page you are looking at is the same
        for all of them. What is chosen does not depend on a language model: one may be asked to rank and to
        title, but it can never decide where a cut is made.
      </p>
      <p>
        Programs use the same API as this page. Its description is at{" "}
        <a href="/api/docs/" className="text-link">
          /api/docs
        </a>
        . To see it work,{" "}
        <Link href="/generate-clips" className="text-link">
          make some clips
        </Link>
        .
      </p>
    </Prose>
  );
}
