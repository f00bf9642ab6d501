import { assertNever } from '../assert-never.js';
import type { LoadPlan } from './plan.js';

// A layout in the words of the signalling: the bandwidth profile of the connect, and the hints on each video.

/** `bandwidth_profile` of the connect; null for the layout without one. */
export function bandwidthProfile({ layout }: LoadPlan): object | null {
  switch (layout) {
    case 'everyone':
      return null;
    case 'grid':
      return { video: { mode: 'grid', track_switch_off: 'predicted' } };
    case 'speaker':
      return { video: { mode: 'presentation', track_switch_off: 'predicted' } };
    default:
      return assertNever(layout);
  }
}

/** The channels that an application with this layout asks for. */
export function channelsOf({ layout }: LoadPlan): string[] {
  return layout === 'everyone'
    ? []
    : ['active_speaker', 'track_priority', 'track_switch_off', 'render_hints', 'publisher_hints'];
}

export interface RenderHint {
  track: string;
  enabled: boolean;
  render_dimensions?: { width: number; height: number };
}

const TILE = { width: 320, height: 180 };
const STAGE = { width: 1280, height: 720 };

/** What the page shows of some videos, in the order in which they are laid out. */
export function renderHints({ layout, tiles }: LoadPlan, videos: readonly string[]): RenderHint[] {
  return videos.map((track, index) => {
    if (index >= tiles) return { track, enabled: false };
    return { track, enabled: true, render_dimensions: layout === 'speaker' && index === 0 ? STAGE : TILE };
  });
}
