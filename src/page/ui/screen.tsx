/** A machine's screen: its picture for those who see, its lines of text for those who do not. */
import { useEffect, useRef } from "preact/hooks";
import type { Store } from "./store.ts";

/** Browsers drop lines of a picture that they make smaller, so it is made in the size that is seen. */
function smaller(canvas: HTMLCanvasElement, width: number, height: number): ImageBitmapOptions {
  const scale = Math.min(
    (canvas.clientWidth * devicePixelRatio) / width,
    (canvas.clientHeight * devicePixelRatio) / height,
  );
  if (scale <= 0 || scale >= 1) return {};
  return {
    resizeWidth: Math.max(1, Math.round(width * scale)),
    resizeHeight: Math.max(1, Math.round(height * scale)),
    resizeQuality: "high",
  };
}

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
      const shown = canvas.current;
      if (!picture || !shown) return;
      const { width, height, rgba } = picture;
      const bitmap = await createImageBitmap(new ImageData(rgba, width, height), smaller(shown, width, height));
      const target = canvas.current;
      if (!target || store.pictures.get(node) !== picture) return bitmap.close();
      if (target.width !== bitmap.width || target.height !== bitmap.height)
        Object.assign(target, { width: bitmap.width, height: bitmap.height });
      Object.assign(target.dataset, { width, height });
      // What a canvas that is drawn on shows is copied for each frame of the page, whether it has changed or not.
      target.getContext("bitmaprenderer", { alpha: false })?.transferFromImageBitmap(bitmap);
    };
    void draw();
    const sizes = new ResizeObserver(() => void draw());
    if (canvas.current) sizes.observe(canvas.current);
    const end = store.onPicture(node, () => void draw());
    return () => {
      sizes.disconnect();
      end();
    };
  }, [store, node]);
  const text = store.screenTexts.get(node) ?? [];
  return (
    <div class={isLarge ? "screen large" : "screen"}>
      <canvas ref={canvas} width={720} height={400} {...(isLarge ? { role: "img", "aria-label": label } : {})} />
      {isLarge && <pre class="unseen">{text.join("\n")}</pre>}
    </div>
  );
}
