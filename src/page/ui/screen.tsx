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
    const draw = async (): Promise<void> => {
      const picture = store.pictures.get(node);
      if (!picture || !canvas.current) return;
      const { width, height, rgba } = picture;
      const bitmap = await createImageBitmap(new ImageData(rgba, width, height));
      const target = canvas.current;
      if (!target || store.pictures.get(node) !== picture) return bitmap.close();
      if (target.width !== width || target.height !== height) Object.assign(target, { width, height });
      // What a canvas that is drawn on shows is copied for each frame of the page, whether it has changed or not.
      target.getContext("bitmaprenderer", { alpha: false })?.transferFromImageBitmap(bitmap);
    };
    void draw();
    return store.onPicture(node, () => void draw());
  }, [store, node]);
  const text = store.screenTexts.get(node) ?? [];
  return (
    <div class={isLarge ? "screen large" : "screen"}>
      <canvas ref={canvas} width={720} height={400} {...(isLarge ? { role: "img", "aria-label": label } : {})} />
      {isLarge && <pre class="unseen">{text.join("\n")}</pre>}
    </div>
  );
}
