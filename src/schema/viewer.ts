import { Account, type AccountShape } from './account.ts'
import { builder } from './builder.ts'

export interface ViewerShape {
  account: AccountShape | null
  admin: boolean
  maySignUp: boolean
}

export const Viewer = builder.objectRef<ViewerShape>('Viewer').implement({
  description: 'Who asks, as far as the dashboard has to know.',
  fields: (t) => ({
    account: t.field({
      type: Account,
      nullable: true,
      description: 'Null: an operator without one, or somebody who may sign up.',
      resolve: ({ account }) => account,
    }),
    admin: t.exposeBoolean('admin', { description: 'Admin fields are open.' }),
    maySignUp: t.exposeBoolean('maySignUp', {
      description: 'There is no account yet, and signUp makes one.',
    }),
  }),
})
