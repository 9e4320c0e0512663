import { Notice } from "./notice.tsx";

interface EditOutdatedProps {
  /** The revision that was changed, and the one that is shown by now. */
  base: number;
  shown: number;
  onRebase: () => void;
  onDiscard: () => void;
}

/** Another tab or person was faster: what was changed here goes onto their version, or away. */
export function EditOutdated({ base, shown, onRebase, onDiscard }: EditOutdatedProps) {
  return (
    <Notice title="This clip was changed elsewhere">
      <p>
        Version {shown} is shown now; you began with version {base}. Nothing of what you changed is lost.
      </p>
      <div className="mt-3 flex flex-wrap gap-2">
        <button type="button" className="button button-main" onClick={onRebase}>
          Put my changes on version {shown}
        </button>
        <button type="button" className="button button-quiet" onClick={onDiscard}>
          Throw my changes away
        </button>
      </div>
    </Notice>
  );
}
