/** One line a check, its cure under it. Pure. */
import type { DoctorDocument } from '../../actions/documents/home.ts';

export const renderDoctor = ({ checks }: DoctorDocument): string => {
  const faults = checks.filter(({ ok }) => !ok).length;
  return [
    ...checks.flatMap(({ name, ok, message, cure }) => [
      `${ok ? 'ok   ' : 'FAULT'}  ${name}: ${message}`,
      ...(cure === null ? [] : [`       -> ${cure}`]),
    ]),
    '',
    faults === 0 ? 'Everything a task needs is there.' : `${faults} ${faults === 1 ? 'fault' : 'faults'}.`,
  ].join('\n');
};
