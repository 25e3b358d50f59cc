/** What to do first: the stories as tiles, above machines that boot meanwhile. */
import type { Story } from "../stories.ts";
import { hideWelcome } from "./keep.ts";
import { StoryList } from "./stories.tsx";

interface WelcomeProps {
  readonly openStory: (story: Story) => void;
  /** Null: there is nothing below that could be looked at instead. */
  readonly close: (() => void) | null;
}

export function Welcome({ openStory, close }: WelcomeProps) {
  return (
    <section class="welcome" aria-labelledby="welcome-title">
      <div class="row">
        <h2 id="welcome-title">{close ? "Begin with a story, or click on a machine" : "Begin with a story"}</h2>
        {close && (
          <button
            type="button"
            class="plain quiet"
            onClick={() => {
              hideWelcome();
              close();
            }}
          >
            hide
          </button>
        )}
      </div>
      <StoryList class="tiles" story={null} open={openStory} />
    </section>
  );
}
