import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { announceMutation, announcement } from '../announcing.ts'
import { type Answer, startTestApi, type TestApi } from '../api.ts'

let api: TestApi

beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.end())

const announce = (changed: object = {}, as = api.adminApiKey): Promise<Answer> =>
  api.ask(announceMutation, { key: as, variables: { input: announcement(changed) } })

describe('announceTaxDateChange', () => {
  test('moves a date, and says what it is now', async () => {
    const { data } = await announce()
    expect(data?.announceTaxDateChange).toMatchObject({
      country: 'AU',
      effect: 'MOVED',
      taxDates: [{ id: 'au-bas-q-self:2026-12-31', dueDate: '2027-03-15' }],
    })
  })
})
