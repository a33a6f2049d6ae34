// SPDX-License-Identifier: Apache-2.0
//
// A resumable upload by tus 1.0: create, ask for the offset, send from there. A broken connection is waited out; a refusal is not.

export interface TusRequest {
  readonly method: 'POST' | 'HEAD' | 'PATCH'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Blob
}

export interface TusWorld {
  readonly send: (url: string, request: TusRequest, signal: AbortSignal, onSent: (bytes: number) => void) => Promise<TusAnswer>
  /** Seconds. */
  readonly wait: (seconds: number, signal: AbortSignal) => Promise<void>
  /** Addresses of unfinished uploads, so that a reloaded page goes on. */
  readonly memory: { get(key: string): string | null; set(key: string, url: string): void; delete(key: string): void }
}

export interface TusAnswer {
  /** 0: the connection broke. */
  readonly status: number
  readonly header: (name: string) => string | null
  readonly text: string
}

export interface Upload {
  readonly endpoint: string
  readonly file: Blob
  /** Names the file and where it goes; the same key goes on with the same upload. */
  readonly key: string
  readonly metadata: Readonly<Record<string, string>>
  /** Bytes that the console has, or that were sent to it. */
  readonly onProgress: (bytes: number) => void
  readonly signal: AbortSignal
}

export class UploadError extends Error {
  override readonly name = 'UploadError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

const chunkBytes = 8_388_608
/** Without a single byte taken in between. */
const mostTries = 8
const version = { 'tus-resumable': '1.0.0' }

/** @throws UploadError `upload-refused`, `upload-broken`; the signal's reason when it is aborted. */
export async function uploadByTus(upload: Upload, world: TusWorld): Promise<void> {
  const { file, key, signal, onProgress } = upload
  let url = world.memory.get(key)
  let offset: number | null = null
  for (let tries = 0; ; ) {
    signal.throwIfAborted()
    url ??= await create(upload, world)
    offset ??= await askOffset(url, upload, world)
    if (offset === null) {
      // Forgotten by the console: from the beginning.
      world.memory.delete(key)
      url = null
      tries += 1
    } else {
      onProgress(offset)
      if (offset === file.size) {
        world.memory.delete(key)
        return
      }
      const next: number | null = await sendChunk(url, offset, upload, world)
      tries = next !== null && next > offset ? 0 : tries + 1
      offset = next
    }
    if (tries >= mostTries) throw new UploadError('upload-broken', 'the connection broke again and again; choose the file once more to go on')
    if (tries > 0) await world.wait(Math.min(30, 2 ** (tries - 1)), signal)
  }
}

async function create({ endpoint, file, key, metadata, signal }: Upload, world: TusWorld): Promise<string> {
  const encoded = Object.entries(metadata).map(([name, value]) => `${name} ${toBase64(value)}`)
  const headers = { ...version, 'upload-length': String(file.size), 'upload-metadata': encoded.join(',') }
  const answer = await patiently(() => world.send(endpoint, { method: 'POST', headers }, signal, () => undefined), world, signal)
  const location = answer.header('location')
  if (answer.status !== 201 || location === null) throw refused(answer)
  world.memory.set(key, location)
  return location
}

/** Null: there is no such upload any more. */
async function askOffset(url: string, { file, signal }: Upload, world: TusWorld): Promise<number | null> {
  const answer = await patiently(() => world.send(url, { method: 'HEAD', headers: version }, signal, () => undefined), world, signal)
  if ([403, 404, 410].includes(answer.status)) return null
  const offset = Number(answer.header('upload-offset') ?? Number.NaN)
  if (answer.status !== 200 || !Number.isSafeInteger(offset) || offset < 0 || offset > file.size) throw refused(answer)
  return offset
}

/** @returns the new offset; null: it must be asked for again. */
async function sendChunk(url: string, offset: number, { file, signal, onProgress }: Upload, world: TusWorld): Promise<number | null> {
  const body = file.slice(offset, offset + chunkBytes)
  const headers = { ...version, 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) }
  const answer = await world.send(url, { method: 'PATCH', headers, body }, signal, (sent) => onProgress(offset + sent))
  if (isPassing(answer.status) || answer.status === 409) return null
  const next = Number(answer.header('upload-offset') ?? Number.NaN)
  if (answer.status !== 204 || !Number.isSafeInteger(next) || next < offset || next > file.size) throw refused(answer)
  return next
}

async function patiently(send: () => Promise<TusAnswer>, world: TusWorld, signal: AbortSignal): Promise<TusAnswer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await send()
    if (!isPassing(answer.status)) return answer
    if (tries >= mostTries) throw new UploadError('upload-broken', 'the console does not answer; choose the file once more to go on')
    await world.wait(Math.min(30, 2 ** (tries - 1)), signal)
  }
}

/** Broken connections, a busy console, an upload that another request still holds. */
const isPassing = (status: number): boolean => status === 0 || status === 423 || status === 429 || status >= 500

function refused({ status, text }: TusAnswer): UploadError {
  return new UploadError('upload-refused', text.trim() === '' ? `the console refused the upload (${status})` : text.trim())
}

function toBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)))
}
