import { AccessChangeConnection } from '../schema/access-history.ts'
import { ApiKey } from '../schema/api-key.ts'
import { builder } from '../schema/builder.ts'
import { accessHistory } from '../store/access-history.ts'
import { numberedPage } from './numbered-page.ts'

builder.objectField(ApiKey, 'accessHistory', (t) =>
  t.field({
    type: AccessChangeConnection,
    description:
      'Every change of what the key may do, newest first: why it is blocked, or on another plan. Keys from before this was kept begin with their first change.',
    args: {
      first: t.arg.int({ description: '1 to 500; 50 by default.' }),
      after: t.arg.string(),
    },
    resolve: ({ _id: apiKeyId }, page, { deps }) => {
      const list = { collection: accessHistory(deps.db), wanted: { apiKeyId }, name: 'access' }
      return numberedPage({ ...list, field: 'n', numberOf: ({ n }) => n }, page)
    },
  }),
)
