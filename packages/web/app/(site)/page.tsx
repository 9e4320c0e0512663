import Link from "next/link";
import { AddressForm } from "../../components/address-form.tsx";
import { Faq } from "../../components/faq.tsx";
import { HowItWorks } from "../../components/how-it-works.tsx";
import { ProductPicture } from "../../components/product-picture.tsx";
import { TalkDrawing } from "../../components/talk-scene.tsx";

const EVERY_CLIP = [
  ["Picture", "1080 × 1920, H.264"],
  ["Sound", "AAC, −14 LUFS"],
  ["Captions", "Burned in, and as SRT and VTT"],
  ["Length", "30, 45 or 60 seconds"],
] as const;

export default function StartPage() {
  return (
    <>
      <TalkDrawing />
      <section className="page grid items-center gap-12 pt-8 sm:pt-14 lg:grid-cols-[1fr_1.08fr] lg:gap-14">
        <div>
          <h1 className="text-[clamp(2.6rem,6.2vw,4.5rem)] leading-[1.02] tracking-[-0.04em]">
            A long talk in. Clips worth posting out.
          </h1>
          <p className="mt-6 max-w-xl text-lg text-soft sm:text-xl">
            KangKlip listens to a whole video, finds the moments that stand on their own, and gives you one to
            five vertical clips with captions.
          </p>
          <div className="mt-8 max-w-xl">
            <AddressForm />
            <p className="mt-2 text-soft">
              or{" "}
              <Link href="/generate-clips#file" className="text-link inline-flex min-h-11 items-center">
                choose a file from this device
              </Link>
            </p>
          </div>
        </div>
        <ProductPicture />
      </section>
      <HowItWorks />
      <section aria-label="What every clip comes as" className="page pt-16">
        <dl className="panel grid grid-cols-2 gap-x-6 gap-y-5 p-6 sm:p-8 lg:grid-cols-4">
          {EVERY_CLIP.map(([term, detail]) => (
            <div key={term}>
              <dt className="text-sm text-soft">{term}</dt>
              <dd className="mt-1 font-medium">{detail}</dd>
            </div>
          ))}
        </dl>
      </section>
      <Faq />
    </>
  );
}
