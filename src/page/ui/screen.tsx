/** A machine's screen: its picture for those who see, its lines of text for those who do not. */
import { useEffect, useRef } from "preact/hooks";
import type { Store } from "./store.ts";

export function Screen({
  store,
  node,
  label,
  isLarge = false,
}: {
  store: Store;
  node: number;
  label: string;
  isLarge?: boolean;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const draw = (): void => {
      const picture = store.pictures.get(node);
      const target = canvas.current;
      if (!picture || !target) return;
      if (target.width !== picture.width || target.height !== picture.height)
        Object.assign(target, { width: picture.width, height: picture.height });
      target.getContext("2d")?.putImageData(new ImageData(picture.rgba, picture.width, picture.height), 0, 0);
    };
    draw();
    return store.onPicture(node, draw);
  }, [store, node]);
  const text = store.screenTexts.get(node) ?? [];
  return (
    <div class={isLarge ? "screen large" : "screen"}>
      <canvas ref={canvas} width={720} height={400} {...(isLarge ? { role: "img", "aria-label": label } : {})} />
      {isLarge && <pre class="unseen">{text.join("\n")}</pre>}
    </div>
  );
}
