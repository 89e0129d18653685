import { MongoBinary } from 'mongodb-memory-server-core/lib/util/MongoBinary.js'

/**
 * Run as a process by mongod-binary.ts: `node mongod-download.ts <folder>`. The binary's path is the
 * last line on stdout; progress and reasons come before it.
 */
const [folder] = process.argv.slice(2)
if (!folder) throw new Error('usage: mongod-download.ts <folder>')
try {
  console.log(await MongoBinary.getPath({ downloadDir: folder }))
} catch (error) {
  console.log(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
