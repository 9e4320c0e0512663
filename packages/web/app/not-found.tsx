import type { Metadata } from "next";
import Link from "next/link";
import { Frame } from "../components/frame.tsx";

export const metadata: Metadata = { title: "Not found" };

export default function NotFound() {
  return (
    <Frame>
      <div className="page max-w-2xl py-20">
        <h1 className="text-4xl">There is nothing at this address</h1>
        <p className="mt-4 text-soft">
          A job's address looks like <span className="break-all">/jobs/kk_…</span> and ends in 26 letters and
          digits. Check that it was copied whole.
        </p>
        <div className="mt-8 flex flex-wrap gap-3">
          <Link href="/generate-clips" className="button button-main">
            Make clips
          </Link>
          <Link href="/" className="button button-quiet">
            Start page
          </Link>
        </div>
      </div>
    </Frame>
  );
}
