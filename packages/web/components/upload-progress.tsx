import { Progress } from "@base-ui/react/progress";
import { size } from "../lib/time.ts";

/** How much of a file has been sent, and the way to stop. `fraction`: 0..1. */
export function UploadProgress(props: { fraction: number; totalBytes: number; onCancel: () => void }) {
  const { fraction, totalBytes, onCancel } = props;
  const percent = Math.floor(fraction * 100);
  return (
    <div className="rounded-control bg-sunk p-4">
      <Progress.Root value={percent} aria-valuetext={`${percent} percent sent`}>
        <div className="flex items-center justify-between gap-4">
          <Progress.Label className="font-medium">
            {fraction < 1 ? "Sending the file" : "Checking the file"}
          </Progress.Label>
          <span className="text-soft tabular-nums">
            {size(fraction * totalBytes)} of {size(totalBytes)}
          </span>
        </div>
        <Progress.Track className="my-3 h-2 overflow-hidden rounded-full bg-line">
          <Progress.Indicator className="rounded-full bg-indigo transition-[width]" />
        </Progress.Track>
      </Progress.Root>
      <button type="button" className="button button-quiet" onClick={onCancel}>
        Stop sending
      </button>
    </div>
  );
}
