/** fast-check with one seed, so that a run that fails fails again; `.ci/run --full` looks where no run has looked. */
import fc from 'fast-check';

if (process.env['KOUBOU_TEST_FULL'] === undefined) fc.configureGlobal({ seed: 20_260_901 });

export default fc;
