/** Characters of a record that are held at once: what is longer is cut. */
const LONGEST_RECORD = 1_048_576
/** How far the text pass looks for a private key's END: 16 KiB behind the line of its BEGIN, which takes 100 at most. */
const LONGEST_KEY = 16_484
/**
 * Characters that a cut record loses before its cut. A secret that straddles the cut is only half there and not
 * recognised; the longest, a literal of 4096 characters percent-encoded, takes 36 864.
 */
const HALF_A_SECRET = 65_536

/** The rest of a private key's BEGIN line, from its kind on. */
const KEY_HEADER = /^[^-"]{0,64}PRIVATE KEY[^-"]{0,64}-----/
/** Behind that: another line of the kind, or the quote that closes the string in which the key stands. */
const KEY_END = /-----|"/
const LINE_END = /\r?\n$/
/** A cut keeps what is before the last of these, where words, values and parameters end. */
const SEPARATORS = [' ', '\t', '\n', ',', ';', '&', '"']

/**
 * Scrubs a stream of UTF-8 record by record: a line with its end, or the lines of a private key together. The output does
 * not depend on how the input is cut into chunks. Bytes that are not UTF-8 become U+FFFD; a byte order mark stays.
 *
 * Holds at most one record. Of one past 1 048 576 characters the beginning is written, then `[Truncated]`.
 *
 * @throws TypeError, by way of the stream, for a chunk that is not bytes.
 */
export function streamOf(scrub: (record: string) => string): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const encoder = new TextEncoder()
  const records = createRecords(scrub)

  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      // The decoder's own error would quote the chunk.
      if (!ArrayBuffer.isView(chunk)) throw new TypeError('chunk: expected a Uint8Array')
      const text = records.add(decoder.decode(chunk, { stream: true }))
      if (text !== '') controller.enqueue(encoder.encode(text))
    },
    flush(controller) {
      const text = records.add(decoder.decode()) + records.end()
      if (text !== '') controller.enqueue(encoder.encode(text))
    },
  })
}

interface Records {
  /** What may be written once this text has arrived. */
  add(text: string): string
  /** What may be written when no more follows. */
  end(): string
}

function createRecords(scrub: (record: string) => string): Records {
  /** Lines of the record that have ended: only a private key that is open leaves any. */
  let lines: string[] = []
  let linesLength = 0
  /** Of the line that has not ended. Pieces, as joining at every chunk would be quadratic. */
  let pieces: string[] = []
  let lineLength = 0
  /** Characters since the BEGIN of the key that is open, 0 for none. */
  let sinceKey = 0
  /** The record was too long and its beginning is written: the rest is only looked through for keys. */
  let cut = false

  function add(text: string): string {
    let out = ''
    for (let from = 0; from < text.length; ) {
      const lineFeed = text.indexOf('\n', from)
      const to = lineFeed === -1 ? text.length : lineFeed + 1
      pieces.push(text.slice(from, to))
      lineLength += to - from
      const excess = linesLength + lineLength - (lineFeed === -1 ? 0 : 1) > LONGEST_RECORD
      if (!cut && excess) out += cutRecord()
      if (cut) forget()
      if (lineFeed !== -1) out += endLine()
      from = to
    }
    return out
  }

  function endLine(): string {
    const line = pieces.join('')
    pieces = []
    lineLength = 0
    sinceKey = openKey(line) || (sinceKey > 0 && !KEY_END.test(line) ? sinceKey + line.length : 0)
    if (sinceKey > 0 && sinceKey <= LONGEST_KEY) {
      if (!cut) {
        lines.push(line)
        linesLength += line.length
      }
      return ''
    }
    return endRecord(line)
  }

  function endRecord(line: string): string {
    // The end stays out of it: what is masked to the end of the text would take it along.
    const [end = ''] = LINE_END.exec(line) ?? []
    const record = lines.join('') + line.slice(0, line.length - end.length)
    const scrubbed = cut ? '' : scrub(record)
    lines = []
    linesLength = 0
    sinceKey = 0
    cut = false
    return scrubbed + end
  }

  function cutRecord(): string {
    cut = true
    const head = scrub((lines.join('') + pieces.join('')).slice(0, LONGEST_RECORD))
    lines = []
    linesLength = 0
    return `${beforeCut(head.slice(0, -HALF_A_SECRET))}[Truncated]`
  }

  /** Keeps as much of a cut line as can hold the beginning of an open key. */
  function forget(): void {
    if (lineLength < 2 * LONGEST_KEY) return
    const rest = pieces.join('').slice(-LONGEST_KEY)
    pieces = [rest]
    lineLength = rest.length
  }

  return {
    add,
    end: () => (lines.length + pieces.length === 0 ? '' : endRecord(pieces.join(''))),
  }
}

/** Characters from the BEGIN of a key that the line leaves open; 0 when it leaves none. */
function openKey(line: string): number {
  const begin = line.lastIndexOf('-----BEGIN ')
  if (begin === -1 || line.length - begin > LONGEST_KEY) return 0
  const rest = line.slice(begin + 11)
  const header = KEY_HEADER.exec(rest)
  return header === null || KEY_END.test(rest.slice(header[0].length)) ? 0 : line.length - begin
}

/** Up to the last separator, that included. */
const beforeCut = (text: string): string =>
  text.slice(0, Math.max(...SEPARATORS.map((separator) => text.lastIndexOf(separator))) + 1)
