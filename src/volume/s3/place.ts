/** Where a bucket is, as people write it: `s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION`. */

export interface S3Place {
  readonly bucket: string;
  /** Empty, or with a slash at its end. */
  readonly prefix: string;
  /** Scheme, host and port. */
  readonly endpoint: string;
  readonly region: string;
}

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const FORM = "write s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION";
const KEY_PART = /^[A-Za-z0-9._-]+$/;

/** Reads a place; what it leaves out comes from the environment. Throws a RangeError. */
export function parseS3Place(text: string, env: Environment): S3Place {
  const [, bucket = "", path = "", query = ""] = /^s3:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/.exec(text) ?? [];
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) throw new RangeError(`${text}: no name of a bucket; ${FORM}`);
  const words = new URLSearchParams(query);
  const unknown = [...words.keys()].find((word) => word !== "endpoint" && word !== "region");
  if (unknown !== undefined) throw new RangeError(`${text}: ${unknown} is none of endpoint, region; ${FORM}`);
  const parts = path.split("/").filter((part) => part !== "");
  const odd = parts.find((part) => !KEY_PART.test(part) || part === "." || part === "..");
  if (odd !== undefined)
    throw new RangeError(`${text}: ${odd} is no part of a prefix: write letters, digits and . _ -`);
  const region = words.get("region") ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"] ?? "us-east-1";
  const given = words.get("endpoint") ?? env["AWS_ENDPOINT_URL_S3"] ?? env["AWS_ENDPOINT_URL"];
  return {
    bucket,
    prefix: parts.map((part) => `${part}/`).join(""),
    endpoint: given === undefined || given === "" ? `https://s3.${region}.amazonaws.com` : endpointOf(text, given),
    region,
  };
}

function endpointOf(text: string, given: string): string {
  const url = URL.canParse(given) ? new URL(given) : null;
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.pathname !== "/" ||
    url.search !== "" ||
    url.username !== ""
  )
    throw new RangeError(`${text}: ${given} is no endpoint: write https://HOST or http://HOST:PORT`);
  return url.origin;
}

/** The keys that requests are signed with. Throws a RangeError. */
export function s3KeysOf(env: Environment): S3Keys {
  const accessKeyId = env["AWS_ACCESS_KEY_ID"] ?? "";
  const secretAccessKey = env["AWS_SECRET_ACCESS_KEY"] ?? "";
  if (accessKeyId === "" || secretAccessKey === "")
    throw new RangeError("a store in S3 needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment");
  const sessionToken = env["AWS_SESSION_TOKEN"] ?? "";
  return { accessKeyId, secretAccessKey, ...(sessionToken === "" ? {} : { sessionToken }) };
}

/** As messages name it. */
export function nameOfPlace({ bucket, prefix, endpoint }: S3Place): string {
  return `s3://${bucket}/${prefix} at ${endpoint}`.replace("/ at", " at");
}
