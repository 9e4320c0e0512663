import type { Metadata } from "next";
import { CreditsScreen } from "../../../components/credits-screen.tsx";
import { Prose } from "../../../components/prose.tsx";
import { returnPath } from "../../../lib/credit-text.ts";

export const metadata: Metadata = { title: "Credits" };

interface TopupPageProps {
  searchParams: Promise<{ return?: string | string[] }>;
}

export default async function TopupPage({ searchParams }: TopupPageProps) {
  const { return: back } = await searchParams;
  return (
    <Prose title="Credits" lead="What you have, and how to get more.">
      <CreditsScreen back={typeof back === "string" ? returnPath(back) : null} />
    </Prose>
  );
}
