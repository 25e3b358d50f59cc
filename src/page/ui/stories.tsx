/** The stories as things to choose: tiles on the first screen, and entries of the menu. */
import { STORIES, type Story } from "../stories.ts";

/** Each is drawn on 32 by 24 points: machines as boxes, cables as lines; what the story is about in the accent. */
const ICONS: Readonly<Record<string, { readonly quiet: string; readonly accent: string }>> = {
  birth: { quiet: "M2 15h8v6H2zM22 15h8v6h-8zM6 15v-3h20v3M16 12V9", accent: "M12 3h8v6h-8z" },
  coordinator: {
    quiet: "M2 15h8v6H2zM22 15h8v6h-8zM6 15v-3h20v3M16 12V9M12 3h8v6h-8z",
    accent: "M10 1l12 10M22 1L10 11",
  },
  split: { quiet: "M2 9h8v6H2zM22 9h8v6h-8zM10 12h3M19 12h3", accent: "M17 5l-3 6h4l-3 8" },
  address: { quiet: "M2 15h8v6H2zM22 15h8v6h-8zM10 18h12", accent: "M16 14c-3-4-4-5-4-7a4 4 0 0 1 8 0c0 2-1 3-4 7z" },
  assembly: { quiet: "M3 3h26v18H3zM3 7h26", accent: "M10 11l-3 3 3 3M22 11l3 3-3 3M17 10l-2 8" },
};

interface StoryListProps {
  readonly story: Story | null;
  readonly open: (story: Story) => void;
  readonly class: string;
}

export function StoryList({ story, open, class: name }: StoryListProps) {
  return (
    <ul class={name}>
      {STORIES.map((known) => (
        <li key={known.id}>
          <button
            type="button"
            data-story={known.id}
            aria-current={story?.id === known.id ? "true" : undefined}
            onClick={() => open(known)}
          >
            <svg viewBox="0 0 32 24" aria-hidden="true">
              <path d={ICONS[known.id]?.quiet} />
              <path class="about" d={ICONS[known.id]?.accent} />
            </svg>
            <strong>{known.title}</strong>
            <span>{known.teaser}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
