/**
 * Formats of real keys that secretlint's rules (published-key-rules.ts) do not look for, or only when they are whole.
 * Each has a mark of its own, so that it is known without a word beside it. Pure.
 */

type Formats = readonly (readonly [name: string, pattern: RegExp])[];

/** What is written over more than one word. */
const PHRASES: Formats = [
  ['a private key', /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d/],
  [
    'a private JSON web key',
    /"kty"\s*:\s*"\w{2,3}"[^{}]{1,500}"d"\s*:\s*"[\w-]{20}|"d"\s*:\s*"[\w-]{20,1000}"[^{}]{1,500}"kty"/,
  ],
  [
    'an Authorization header',
    /authorization["']?\s{0,5}[:=]\s{0,5}["']?(?:bearer|basic|token)\s+(?<value>[\w+/=.~-]{8,400})/i,
  ],
  ['a cookie', /\bcookie["']?\s{0,5}[:=]\s{0,5}["']?[\w.-]{1,64}=[^\s;"']{16}/i],
  ['a password in a netrc file', /\blogin\s{1,20}\S{1,100}\s{1,20}password\s{1,20}(?<value>\S{1,100})/],
  [
    'a password on a command line',
    /\bsshpass\s{1,5}-p\s?(?<ssh>\S{1,100})|\bcurl\b[^\n]{0,300}\s(?:-u|--user)[\s=]{1,3}["']?[^\s:"']{1,100}:(?<value>[^\s"'$][^\s"']{0,100})|\b(?:mysql|mysqldump|mariadb)\s[^\n]{0,200}\s-p(?<sql>[^\s-]\S{0,100})/,
  ],
  ['a Kubernetes secret', /^\s{0,20}kind:\s{0,5}["']?Secret\b/m],
  ['a Docker login', /"auth"\s{0,5}:\s{0,5}"[A-Za-z0-9+/]{12,1000}={0,2}"/],
];

/** What is one run of letters. */
const RUNS: Formats = [
  ['a private key', /LS0tLS1CRUdJTi[A-Za-z0-9+/]{0,24}(?:UFJJVkFURSBLRV|BSSVZBVEUgS0VZ|QUklWQVRFIEtFW)/],
  ['an age key', /AGE-SECRET-KEY-1[A-Z0-9]{10}/],
  ['an AWS key', /\b(?:ABIA|ACCA)[A-Z0-9]{16}\b|\bABSK[A-Za-z0-9+/]{60}/],
  ['a GitHub token', /\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_\w{22}/],
  [
    'a GitLab token',
    /\bgl(?:pat|dt|rt|cbt|ptt|ft|imt|ffct|soat|agent|oas)-[\w-]{20}|\bGR1348941[\w-]{20}|_gitlab_session=[0-9a-z]{32}/,
  ],
  ['an Atlassian token', /\bAT(?:ATT|CTT)3[\w=-]{60}|\bATBB[A-Za-z0-9]{28}|\bATTA[a-f0-9]{60}/],
  [
    'a Slack token',
    /\bxox[a-z]-[\w%+/-]{10}|\bxapp-\d-[\w-]{10}|hooks\.slack\.com\/(?:services|workflows|triggers)\/T\w+/,
  ],
  [
    'a JSON web token',
    /\bZXlK[\w+/-]{60}|(?<![\w-])eyJ[\w-]{8,4000}\.(?:eyJ[\w-]{8,}\.|[\w-]*\.[\w-]{16,}\.[\w-]{16,}\.[\w-]{16})/,
  ],
  [
    'a key of a model service',
    /(?<![\w-])sk-(?=[\w-]{0,40}\d)[\w-]{20}|\bxai-\w{40}|\bpplx-\w{32}|\br8_\w{37}|\bnvapi-[\w-]{40}|\blsv2_(?:pt|sk)_\w{32}|\bpcsk_\w{40}|\bfw_[A-Za-z0-9]{24}\b|\btvly-[\w-]{24}|\b(?:api_org|hf)_[A-Za-z0-9]{34}/,
  ],
  [
    'a Google key',
    /\bAIza[\w-]{35}|\bGOCSPX-[\w-]{20}|\bya29\.[\w-]{20}|\b1\/\/0[\w-]{40}|\bAAAA[\w-]{7}:[\w-]{130}/,
  ],
  [
    'a key of a payment service',
    /\bwhsec_[A-Za-z0-9+/]{24}|\b[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10}|\bsq0(?:atp|csp)-[\w-]{22}|\bEAAA[\w-]{56}|access_token\$production\$\w{16}|\baccess-(?:production|development|sandbox)-[0-9a-f]{8}-|\bFLWSECK(?:_TEST)?-\w{12}|\bEZ[AT]K\w{54}|\bshippo_(?:live|test)_[0-9a-f]{40}|\bduffel_(?:live|test)_[\w-]{40}|\b(?:live|test)_[0-9a-f]{35}\b|\blive_(?=[\w=-]{0,39}\d)[\w=-]{40}/,
  ],
  [
    'a key of a mail service',
    /\bSG\.[\w-]{22}\.[\w-]{43}|\bSK[0-9a-f]{32}\b|\bkey-[0-9a-f]{32}\b|(?<=\b[0-9a-f]{32})-us\d{1,2}\b|\bxkeysib-[0-9a-f]{64}|\bre_[A-Za-z0-9]{8}_[A-Za-z0-9]{20}/,
  ],
  [
    'a package registry token',
    /\bpypi-AgE[\w-]{50}|\brubygems_[0-9a-f]{48}|\bcio[A-Za-z0-9]{32}\b|\boy2[a-z0-9]{43}\b|\bCLOJARS_[a-z0-9]{60}|\bdckr_[op]at_[\w-]{20}|\bAKCp[A-Za-z0-9]{69}|\bcmVmdGtu\w{50}|:_(?:auth|authToken|password)\s?=\s?[^\s${]{8}/,
  ],
  [
    'an Azure key',
    /\b(?:Account|SharedAccess)Key=[A-Za-z0-9+/]{40}|(?<=[\w.~]{3})\dQ~[\w.~-]{31}|[?&]sig=[\w%+/-]{40}|(?<=[A-Za-z0-9]{76})AZDO\w{4}|(?<=[A-Za-z0-9]{52})JQQJ9\w{20}/,
  ],
  [
    'a key of a hosting service',
    /\bdo[opr]_v1_[0-9a-f]{64}|\bsha256~[\w-]{43}|\b4b1d[A-Za-z0-9]{38}\b|\bs\.(?=[A-Za-z]{0,23}\d)[A-Za-z0-9]{24}\b|\bHRKU-[\w-]{30}|\bFlyV1\b|\bfo1_[\w-]{43}|\bfm\d[ar]?_[A-Za-z0-9+/]{60}|\bdnkey-[\w=-]{26}-[\w=-]{52}|\bnfp_\w{36}|\bv1\.0-[0-9a-f]{24}-[0-9a-f]{100}|\bsbp_[0-9a-f]{40}|\bsb_secret_[\w-]{20}|\bpscale_(?:tkn|pw|oauth)_[\w.-]{30}|\bnapi_\w{60}|\.atlasv1\.[\w-]{60}|\bpul-[0-9a-f]{40}|\bdp\.(?:pt|st\.[\w-]+|ct|sa|scim|audit)\.\w{40}|\bLTAI[A-Za-z0-9]{16}|\bAKID[A-Za-z0-9]{32}|\bAQVN[\w-]{35}|\bt1\.[\w-]{1,400}={0,2}\.[\w-]{86}/,
  ],
  [
    'a recovery key of a disk',
    /(?<![\w-])\d{6}(?:-\d{6}){7}(?![\w-])|(?<![\w-])(?=[A-Z\d-]{0,28}\d)(?=[A-Z\d-]{0,28}[A-Z])(?:[A-Z\d]{4}-){5,6}[A-Z\d]{2,4}(?![\w-])/,
  ],
  [
    'a product key',
    /(?<![\w-])(?=[A-Z\d-]{0,28}\d)(?=[A-Z\d-]{0,28}[A-Z])(?:[A-Z\d]{5}-){4}[A-Z\d]{5}(?![\w-])/,
  ],
  ['a 1Password key', /\bops_eyJ[\w+/-]{100}|\bA3(?:-[A-Z0-9]{5,6}){6}\b/],
  [
    'a key of a monitoring service',
    /\beyJrIjoi\w{60}|\bNR(?:AK|II|RA)-\w{27}|\bsntry[sua]_[\w+/=-]{40}|\bsq[uap]_[0-9a-f]{40}|\bphx_\w{40}|\bdt0c01\.\w{24}\.\w{60}/,
  ],
  [
    'a key of a build service',
    /\bbkua_[0-9a-f]{40}|\bCCIPAT_\w{20}|\bpn[ub]_\w{36}|\brdme_\w{60}|\bico-\w{32}|\btk-us-[\w-]{48}|\bsgp_(?:(?:[0-9a-f]{16}|local)_)?[0-9a-f]{40}|\bAPI-[A-Z0-9]{26}\b|\b[ps]at\.[\w-]{22}\.[A-Za-z0-9]{24}\.\w{20}|\bsm_[aps]at_[A-Za-z0-9]{16}/,
  ],
  [
    'a key of an office service',
    /\bpat\w{14}\.[0-9a-f]{64}|\bfio-u-[\w=-]{64}|(?<=\w{29})_mmk\b|\bs-s4t2(?:ud|af)-[0-9a-f]{64}|\b(?:sc|ext|scauth|authress)_\w{5,30}\.\w{4,6}\.acc[_-][\w-]{10,32}\.[\w+/=-]{30}|\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}|\bsl\.[\w-]{130}|\bCFPAT-[\w-]{40}|\btfp_[\w-]{40}|\bpat-\w{2,4}-[0-9a-f]{8}-[0-9a-f-]{27}|\bsk\.eyJ[\w-]{20}|\bsecret_[A-Za-z0-9]{43}\b|\blin_oauth_[0-9a-f]{40}|\bp8e-[A-Za-z0-9]{32}/,
  ],
  [
    'a key of a chat service',
    /\b[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{27,38}\b|discord(?:app)?\.com\/api\/webhooks\/\d+\/[\w-]{30}|\b\d{8,10}:AA[\w-]{33}|\.webhook\.office\.com\/webhookb2\/\w|\bEAA[A-Za-z0-9]{60}|\b\d{15,16}\|[\w-]{27}|\bA{20}[A-Za-z0-9]{0,100}%(?:2B|2F|3D)[A-Za-z0-9%]{20}/,
  ],
  [
    'credentials in a URL',
    /(?<=\w):\/\/(?:[^\s/:@'"]{0,100}:(?![{<]|\$\{)(?<value>[^\s/@'"]{1,200})@|[A-Za-z0-9_-]{30,255}@)|\botpauth:\/\/\S{0,200}secret=/i,
  ],
  [
    'a hash of a password',
    /\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}|\$(?:1|5|6|y)\$[./\w=$]{1,100}\$[./A-Za-z0-9]{22}|\$argon2(?:i|d|id)\$/,
  ],
  ['a PostgreSQL password', /^[\w.*-]{1,255}:(?:\d{4,5}|\*):[^:\s]{1,64}:[^:\s]{1,64}:[^:\s]{1,100}$/m],
];

/** Most prompts hold nothing that any format could begin with, and making all the patterns ready takes milliseconds. */
const MAY_HOLD =
  /\S{15}|:\/\/|:\d{4,5}:|-----BEGIN|kind:|"auth"|authorization|\b(?:login|curl|sshpass|mysql|mysqldump|mariadb)\b/i;

/** Whether one at least of what the pattern finds is no example: `postgres://user:password@db`, `ghp_xxxxxxxx`. */
const holds = async (text: string, pattern: RegExp): Promise<boolean> => {
  if (!pattern.test(text)) return false;
  const { isExample } = await import('./values/secret-values.ts');
  const everywhere = new RegExp(pattern.source, `${pattern.flags}g`);
  for (const { 0: whole, groups = {} } of text.matchAll(everywhere)) {
    const value = Object.values(groups).find((part) => part !== undefined);
    if (value === undefined ? !/[Xx]{8}|\*{4}|EXAMPLE/.test(whole) : !isExample(value)) return true;
  }
  return false;
};

/** What was found, in words for a person; undefined: nothing. */
export const findKey = async (text: string): Promise<string | undefined> => {
  if (!MAY_HOLD.test(text)) return undefined;
  for (const formats of [PHRASES, RUNS]) {
    for (const [name, pattern] of formats) if (await holds(text, pattern)) return name;
  }
  return undefined;
};
