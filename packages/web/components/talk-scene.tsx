/** The part of the drawn talk that a frame shows, as an SVG viewBox in its 1600 x 900 picture. */
export const WIDE = "0 0 1600 900";
export const GUEST = "827 0 506 900";
export const HOST = "190 0 506 900";
export const CLOCK = "437 0 506 900";

/** A look at the drawn talk; `TalkDrawing` has to be on the page once. */
export function TalkScene({ view, className = "" }: { view: string; className?: string }) {
  return (
    <svg viewBox={view} preserveAspectRatio="xMidYMid slice" className={className} aria-hidden="true">
      <use href="#talk" width="1600" height="900" />
    </svg>
  );
}

/** Two people at a table under a clock, drawn once and looked at through many frames. */
export function TalkDrawing() {
  return (
    <svg className="absolute size-0" aria-hidden="true">
      <symbol id="talk" viewBox="0 0 1600 900">
        <defs>
          <radialGradient id="talk-wall" cx="0.5" cy="0.1" r="0.95">
            <stop offset="0" stopColor="#3a4c9e" />
            <stop offset="0.55" stopColor="#243069" />
            <stop offset="1" stopColor="#151d45" />
          </radialGradient>
        </defs>
        <rect width="1600" height="900" fill="url(#talk-wall)" />
        <g fill="none" stroke="#4a5cb4" strokeOpacity="0.35" strokeWidth="3">
          {PANELS.map((x) => (
            <rect key={x} x={x} y="70" width="226" height="520" rx="10" />
          ))}
        </g>
        <WallClock />
        <Host />
        <Guest />
        <rect x="-20" y="742" width="1640" height="200" rx="26" fill="#0e1533" />
        <rect x="-20" y="742" width="1640" height="10" rx="5" fill="#33437f" />
        <Microphone x={600} lean={-60} />
        <Microphone x={930} lean={50} />
        <path d="M740 742v-62a10 10 0 0 1 10-10h48a10 10 0 0 1 10 10v62z" fill="#8fa3f2" fillOpacity="0.55" />
      </symbol>
    </svg>
  );
}

const PANELS = [60, 340, 1040, 1320];
const HOURS = [0, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 330];

function WallClock() {
  return (
    <g transform="translate(690 232) scale(0.84)">
      <circle r="128" fill="#0f1738" />
      <circle r="116" fill="#f4efe2" />
      {HOURS.map((degrees) => (
        <rect
          key={degrees}
          x="-4"
          y="-104"
          width="8"
          height="22"
          rx="4"
          fill="#243069"
          transform={`rotate(${degrees})`}
        />
      ))}
      <path d="M0 8V-62" stroke="#151d45" strokeWidth="12" strokeLinecap="round" transform="rotate(-58)" />
      <path d="M0 12V-88" stroke="#151d45" strokeWidth="8" strokeLinecap="round" transform="rotate(62)" />
      <circle r="10" fill="#c9540f" />
    </g>
  );
}

function Host() {
  return (
    <g transform="translate(442 0)">
      <path d="M-212 900c0-230 70-290 212-290s212 60 212 290z" fill="#2e7b70" />
      <path d="M-58 596h116l-58 92z" fill="#f4efe2" />
      <path d="M-46 500h92v92a46 46 0 0 1-92 0z" fill="#b9774c" />
      <ellipse cy="418" rx="98" ry="120" fill="#cd8a5b" />
      <path
        d="M-102 418c-8-104 44-146 108-142 60 4 104 46 96 140-8-36-24-66-52-80-40 20-104 20-136 4-8 24-12 48-16 78z"
        fill="#1c1a22"
      />
      <path
        d="M-90 452c6 66 40 98 90 98s92-34 92-98c-24 24-40 30-64 26-24-8-60-6-78 0-18 2-30-6-40-26z"
        fill="#1c1a22"
      />
      <g transform="translate(20 0)" fill="#1c1a22">
        <circle cx="-34" cy="410" r="9" />
        <circle cx="40" cy="410" r="9" />
        <rect x="-24" y="490" width="50" height="9" rx="4.5" fill="#f0c9ab" />
      </g>
    </g>
  );
}

function Guest() {
  return (
    <g transform="translate(1080 0)">
      <path d="M-222 900c0-240 84-282 222-282s222 42 222 282z" fill="#7c2f4c" />
      <path
        d="M-140 470c-20-140 44-220 140-220s160 80 140 220c-4 60 26 110 44 176-70 44-300 44-368 0 18-66 48-116 44-176z"
        fill="#e8ad2c"
      />
      <path d="M-150 640c90 50 210 50 300 0-30 70-90 108-150 108s-120-38-150-108z" fill="#cf931b" />
      <ellipse cy="428" rx="88" ry="110" fill="#d99a6c" />
      <g transform="translate(-20 0)" fill="#2a1a17">
        <circle cx="-36" cy="412" r="9" />
        <circle cx="36" cy="412" r="9" />
        <path
          d="M-56 386q20-14 40-2M16 384q20-12 40 2"
          fill="none"
          stroke="#2a1a17"
          strokeWidth="7"
          strokeLinecap="round"
        />
        <ellipse cy="490" rx="26" ry="17" fill="#8c2f33" />
      </g>
    </g>
  );
}

function Microphone({ x, lean }: { x: number; lean: number }) {
  return (
    <g transform={`translate(${x} 742)`}>
      <path
        d={`M0 0Q0 -90 ${lean} -118`}
        fill="none"
        stroke="#070b1c"
        strokeWidth="12"
        strokeLinecap="round"
      />
      <circle cx={lean * 1.3} cy="-126" r="28" fill="#070b1c" />
    </g>
  );
}
