import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { isatty } from 'node:tty'

/** Standard output, shared by `npm start` and its children. */
export interface Outlet {
  /** A person is looking: short words instead of JSON, and only what matters. */
  isTerminal: boolean
  /** Plain words of our own. */
  say(line: string): void
  /** Whole lines of pino's JSON, of `from`. */
  log(from: string, lines: Buffer | string): void
  /** Settles when what was said is out, or soon after where nobody reads. */
  end(): Promise<void>
}

const MOST_WAITING_BYTES = 4_000_000
const END_WITHIN_MS = 500
const WARN = 40

/**
 * Never waits for its reader. A pipe that nobody empties would otherwise stop this process in the midst
 * of a write, and then every child that writes to us; logs that nobody reads are dropped instead.
 * @param everything also on a terminal, which shows warnings and errors alone by default
 */
export function createOutlet(everything: boolean): Outlet {
  const isTerminal = isatty(1)
  const stream = openStdout()
  let dropped = 0
  let closed = false
  stream.on('error', () => {
    // Whoever read us is gone; the service goes on.
    closed = true
  })

  function write(text: Buffer | string): void {
    if (closed) return
    if (stream.writableLength > MOST_WAITING_BYTES) {
      dropped += 1
      return
    }
    if (dropped > 0) stream.write(`(${dropped} pieces of log dropped: nobody read them)\n`)
    dropped = 0
    stream.write(text)
  }

  return {
    isTerminal,
    say: (line) => write(`${line}\n`),
    log(from, lines) {
      if (!isTerminal) return write(lines)
      for (const line of lines.toString().split('\n').filter(Boolean)) {
        const readable = readableLine(from, line, everything)
        if (readable) write(`${readable}\n`)
      }
    },
    end: () =>
      new Promise((done) => {
        if (closed) return done()
        setTimeout(done, END_WITHIN_MS).unref()
        stream.write('', () => done())
      }),
  }
}

/** Node writes to a pipe on fd 1 synchronously, to a socket of our own over it not. */
function openStdout(): Writable {
  const stat = fstatSync(1)
  return stat.isFIFO() || stat.isSocket()
    ? new Socket({ fd: 1, readable: false, writable: true })
    : process.stdout
}

function readableLine(from: string, line: string, everything: boolean): string | null {
  const event = parsed(line)
  if (!event) return `${from}: ${line}`
  const { level, time, msg, process: name, pid: _pid, ...rest } = event
  if (!everything && Number(level) < WARN) return null
  const clock = String(time).slice(11, 19)
  const details = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : ''
  return `${clock} ${String(name ?? from)}: ${String(msg)}${details.slice(0, 600)}`
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}
