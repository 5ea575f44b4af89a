import { h } from "./dom";

// Icons of lucide (ISC licence), as the paths of a 24 x 24 drawing.
const PATHS = {
  chat: "M3 16.3a2 2 0 0 1 .1 1.2l-1.1 3.3a1 1 0 0 0 1.2 1.2l3.4-1a2 2 0 0 1 1.1.1 10 10 0 1 0-4.8-4.7",
  down: "m6 9 6 6 6-6",
  clip: "m16 6-8.4 8.6a2 2 0 0 0 2.8 2.8l8.4-8.6a4 4 0 1 0-5.7-5.7l-8.4 8.6a6 6 0 1 0 8.5 8.5l8.4-8.6",
  send: "M3.7 3a.5.5 0 0 0-.7.6l2.8 7.6a2 2 0 0 1 0 1.4l-2.8 7.6a.5.5 0 0 0 .7.6l18-8.5a.5.5 0 0 0 0-.9zM6 12h16",
  sound:
    "M11 4.7a.7.7 0 0 0-1.2-.5L6.4 7.6A1.4 1.4 0 0 1 5.4 8H3a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2.4a1.4 1.4 0 0 1 1 .4l3.4 3.4A.7.7 0 0 0 11 19.3zM16 9a5 5 0 0 1 0 6M19.4 18.4a9 9 0 0 0 0-12.7",
  quiet:
    "M11 4.7a.7.7 0 0 0-1.2-.5L6.4 7.6A1.4 1.4 0 0 1 5.4 8H3a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2.4a1.4 1.4 0 0 1 1 .4l3.4 3.4A.7.7 0 0 0 11 19.3zM16.5 14.5l5-5M16.5 9.5l5 5",
  end: "m16 17 5-5-5-5M21 12H9M9 21H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2h4",
  save: "M12 15V3M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4M7 10l5 5 5-5",
};

export function Icon({ of }: { of: keyof typeof PATHS }) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[of]} />
    </svg>
  );
}
