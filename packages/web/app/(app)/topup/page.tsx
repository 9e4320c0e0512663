import type { Metadata } from "next";
import { CreditsState } from "../../../components/credits-state.tsx";
import { Prose } from "../../../components/prose.tsx";

export const metadata: Metadata = { title: "Credits" };

export default function TopupPage() {
  return (
    <Prose title="Credits" lead="Whether this installation counts credits, and how to get some.">
      <CreditsState />
    </Prose>
  );
}
