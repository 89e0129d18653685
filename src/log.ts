import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger }

/** Credentials as they turn up inside messages of drivers: in URLs, in headers, as our own keys. */
const credentials = [
  /(?<=:\/\/)[^\s/@]+(?=@)/g,
  /gc_live_[0-9A-Za-z]{30,}/g,
  /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g,
  /(?<=\bBearer )\S+/gi,
]

function scrub(text: string): string {
  return credentials.reduce((rest, pattern) => rest.replace(pattern, '[redacted]'), text)
}

/**
 * An error as pino prints it, without what its author should not have put into its message. Never throws,
 * whatever the error carries: who logs is handling a failure already.
 */
function scrubbedError(error: unknown): unknown {
  const strings = (_key: string, value: unknown) =>
    typeof value === 'string' ? scrub(value) : typeof value === 'bigint' ? String(value) : value
  try {
    return JSON.parse(JSON.stringify(pino.stdSerializers.err(error as Error), strings))
  } catch {
    // It refers to itself.
    const { name, message, stack } = error as Error
    return { type: name, message: scrub(String(message)), stack: scrub(String(stack)) }
  }
}

/**
 * One JSON line per event on stdout. Callers log ids and counts, never payloads; the paths below are a
 * second fence, so that a request object logged by mistake still shows no credential.
 */
export function createLog(
  level: string,
  process_: string,
  destination?: DestinationStream,
): Logger {
  const options = {
    level,
    base: { process: process_, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: scrubbedError },
    redact: {
      paths: [
        'apiKey',
        'secret',
        'authorization',
        'headers.authorization',
        'headers["x-api-key"]',
        'req.headers',
        '*.apiKey',
        '*.secret',
        '*.authorization',
      ],
      censor: '[redacted]',
    },
  }
  return destination ? pino(options, destination) : pino(options)
}
