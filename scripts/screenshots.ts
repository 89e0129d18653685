import { parseArgs } from 'node:util'
import { startTemporaryProduct, type TemporaryProduct } from './screenshots/product.ts'
import { seedCustomer, stripeSecret } from './screenshots/seed.ts'
import { pictures, takePictures } from './screenshots/take-pictures.ts'

const usage = `npm run screenshots [-- <options> <part of a name> …]

Starts the product on data of its own, seeds a customer, opens the dashboard in Chromium and writes
docs/screenshots/<name>.png; ends all of it. Names: ${pictures.map(({ name }) => name).join(', ')}.
Chromium is the one on the PATH; missing, Debian's is installed where that may be done.
  --look      opens the product, says its address and waits for Ctrl-C in place of taking pictures
  -h, --help  this`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { help: { type: 'boolean', short: 'h' }, look: { type: 'boolean' } },
})

if (values.help) console.log(usage)
else {
  await run().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  })
}

async function run(): Promise<void> {
  const wanted = pictures.filter(
    ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
  )
  if (wanted.length === 0) throw new Error(`no picture has such a name\n\n${usage}`)
  const interrupted = new Promise<void>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop())
  })
  console.log('starting the product')
  const product = await startTemporaryProduct({
    ...{ DEMO_ADMIN: '1', STRIPE_WEBHOOK_SECRETS: stripeSecret },
    // Plans are shown as they are sold; nothing answers there, and nobody buys.
    ...{ STRIPE_SECRET_KEY: 'sk_test_screenshots', STRIPE_API_BASE: 'http://127.0.0.1:9' },
    // Some pictures move fast through pages.
    LIMIT_UNMETERED_PER_SECOND: '1000',
  })
  try {
    await Promise.race([work(product, wanted), interrupted])
  } finally {
    await product.stop()
  }
}

async function work(product: TemporaryProduct, wanted: typeof pictures): Promise<void> {
  console.log('seeding a customer')
  const customer = await seedCustomer(product)
  if (!values.look) return await takePictures(product, customer, wanted)
  console.log(`look at ${product.demo.url}/dashboard/`)
  await new Promise(() => {})
}
