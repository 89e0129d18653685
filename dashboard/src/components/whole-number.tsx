import { whole } from '../format/numbers.ts'

/** In full, as the reader's language writes it; never "1.2k". */
export function WholeNumber({ value }: { value: number }) {
  return <span className="figures">{whole(value)}</span>
}
