import type { Metadata } from "next";
import { Prices } from "../../../components/prices.tsx";
import { Prose } from "../../../components/prose.tsx";

export const metadata: Metadata = { title: "Pricing" };

export default function PricingPage() {
  return (
    <Prose
      title="Pricing"
      lead="Free where credits are off, which is how KangKlip comes. Credits are for whoever runs it for others."
    >
      <Prices />
    </Prose>
  );
}
