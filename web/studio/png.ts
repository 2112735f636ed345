/** What a PNG of ours says of itself: the text chunk that sfumato.data.png writes. */
const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10]
const KEY = 'sfumato'

/** The record in `file`; undefined where it is no PNG or carries none that can be read. */
export async function read(file: Blob): Promise<Record<string, string> | undefined> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) return undefined
  const view = new DataView(bytes.buffer)
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at)
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    const found = kind === 'iTXt' ? await text(bytes.subarray(at + 8, at + 8 + length)) : undefined
    if (found !== undefined)
      try {
        return JSON.parse(found) as Record<string, string>
      } catch {
        return undefined
      }
    at += length + 12
  }
  return undefined
}

/** The text of a chunk under our key: key, NUL, whether it is packed, how, language, NUL, translated key, NUL, text. */
async function text(chunk: Uint8Array): Promise<string | undefined> {
  const end = chunk.indexOf(0)
  if (new TextDecoder().decode(chunk.subarray(0, end)) !== KEY) return undefined
  const language = chunk.indexOf(0, end + 3)
  const content = chunk.slice(chunk.indexOf(0, language + 1) + 1)
  if (!chunk[end + 1]) return new TextDecoder().decode(content)
  return new Response(new Blob([content]).stream().pipeThrough(new DecompressionStream('deflate'))).text().catch(() => undefined)
}
