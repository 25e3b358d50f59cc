/** The link that holds the run up to now, and how the command line repeats it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { decodeRun } from "../../lab/run-link.ts";
import type { RunState } from "../protocol.ts";
import { clock } from "./format.ts";

export function ShareDialog({ link, state, close }: { link: string; state: RunState | null; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const address = `${location.origin}${location.pathname}#${link}`;
  const { digest, endNs, actions } = decodeRun(link);
  return (
    <dialog ref={dialog} class="share-dialog" onClose={close} aria-labelledby="share-title">
      <h2 id="share-title">This moment as a link</h2>
      <p>
        {clock(endNs)} of virtual time with {actions.length} {actions.length === 1 ? "action" : "actions"} of{" "}
        {state?.nodes.length} machines, in {address.length} characters. Who opens it comes to the same instruction, with
        the digest
      </p>
      <p>
        <code data-digest={digest}>{digest}</code>
      </p>
      <textarea
        readOnly
        aria-label="The link"
        rows={4}
        value={address}
        onFocus={({ currentTarget }) => currentTarget.select()}
      />
      <div class="row">
        <button
          type="button"
          class="primary"
          onClick={() => void navigator.clipboard.writeText(address).then(() => setIsCopied(true))}
        >
          {isCopied ? "Copied" : "Copy"}
        </button>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <p class="quiet">
        In a terminal: <code>qure emu --replay '{link.slice(0, 18)}…'</code>
      </p>
    </dialog>
  );
}
