/**
 * Passwords that stand beside a login and not beside their name: `log in as frontdesk / Marigold-77`, `203.0.113.55 root
 * kL9#vbn2Qx`, `my wifi is NETGEAR42, key fluffypanda318`, `the password changed. The new one is Sakura#2031`. Pure; each
 * value is looked at a bounded way.
 */
import { isCode, isStrong, isTechnical, kindOf, namesItself } from './secret-values.ts';

const CJK = '\\u3001-\\u9fff\\uac00-\\ud7af';
const VALUE = new RegExp(
  `(?<![^\\s${CJK}"'\`“„«»([/:=,;])[^\\s${CJK}"'\`“”„«»()[\\]{}<>/\\\\,;:=|]{5,40}`,
  'g',
);

/** Words of a login. */
const LOGIN =
  /(?<![a-zà-öø-ÿœа-яё])(?:log(?:ged|ging)?[ -]?(?:in|on)|sign(?:ed)?[ -]?in|ssh|rdp|sftp|ftp|vnc|credentials?|creds|accounts?|username|user|admin|root|access|meld[a-zà-öø-ÿœа-яё]*|anmeld[a-zà-öø-ÿœа-яё]*|angemeldet|einlogg[a-zà-öø-ÿœа-яё]*|zugang[a-zà-öø-ÿœа-яё]*|benutzer[a-zà-öø-ÿœа-яё]*|konto|nutzer[a-zà-öø-ÿœа-яё]*|connecte[a-zà-öø-ÿœа-яё]*|connexion|identifi[a-zà-öø-ÿœа-яё]*|accès|compte|utilisateur|session|sesión|usuari[oa]|entra[a-zà-öø-ÿœа-яё]*|entré|entrei|acced[a-zà-öø-ÿœа-яё]*|accesos?|accessi?|acessos?|acess[a-zà-öø-ÿœа-яё]*|cuenta|conta|sessão|usuário|utilizador|utente|account|войти|войд[a-zà-öø-ÿœа-яё]*|зай[дт][a-zà-öø-ÿœа-яё]*|заход[a-zà-öø-ÿœа-яё]*|вход[a-zà-öø-ÿœа-яё]*|доступ[a-zà-öø-ÿœа-яё]*|логин[a-zà-öø-ÿœа-яё]*|уч[её]тк[a-zà-öø-ÿœа-яё]*|уч[её]тн[a-zà-öø-ÿœа-яё]*|аккаунт[a-zà-öø-ÿœа-яё]*|пользовател[a-zà-öø-ÿœа-яё]*)(?![a-zà-öø-ÿœа-яё])|(?:let|lets) (?:me|us|him|her) in|locked out|(?:apple|microsoft|google|samsung) (?:id|account|konto|compte)|icloud|portal|portail|keepass|bitwarden|1password|lastpass|schlüsselbund|keychain|trousseau|basic ?auth[a-zà-öø-ÿœа-яё]*|Basic認証|ログイン|サインイン|入れない|入れません|进不去|登不上|アカウント|ユーザ|接続|登录|登陆|登入|账号|帐号|账户|用户|로그인|접속|계정|아이디/iu;
const PASSWORD =
  /(?<![a-zà-öø-ÿœа-яё])(?:passw(?:or)?ds?|passphrase|pw|pwd|passwort[a-zà-öø-ÿœа-яё]*|kennwort[a-zà-öø-ÿœа-яё]*|[a-zà-öø-ÿœа-яё]*passwort|mots? de passe|mdp|contraseñas?|clave|senhas?|palavra-passe|parola|пароль[a-zà-öø-ÿœа-яё]*|пароля|паролем)(?![a-zà-öø-ÿœа-яё])|パスワード|パス(?=[:=は])|解凍パス|暗号|密码|密碼|口令|비밀번호|비번|암호|패스워드/iu;
const WIFI =
  /(?<![a-zà-öø-ÿœа-яё])(?:wi-?fi|wlan|ssid|wpa[23]?(?:-?psk)?|router|hotspot|access point|сет[иь]|netz(?:werk)?|réseau|rede|red|rete|network|hotspot|fritz!?box|livebox|вай-?фа[a-zà-öø-ÿœа-яё]*)(?![a-zà-öø-ÿœа-яё])|와이파이|无线/iu;
const WIFI_KEY =
  /(?:(?<![a-zà-öø-ÿœа-яё])(?:key|schlüssel|cl[ée]|clef|clave|llave|chave|chiave|ключ|pass|code|código|codice)|キー|鍵|密钥|키)(?:\s(?:de sécurité|de seguridad|de segurança|di sicurezza|di rete|сети|de red|de rede))?[^\p{L}\p{N}\n]{0,3}(?:は|:|is|ist|est|es|é|è|это|는|是)?[\s:=「"'`]{0,3}$/iu;

/** How far around a value its login is looked for. */
const BEFORE = 110;
const AFTER = 40;

export const findLoginTold = (text: string): string | undefined => {
  for (const { 0: found, index } of text.matchAll(VALUE)) {
    if (!/\d|[!#$?*&%^]/.test(found)) continue;
    const value = found.replace(/[.:]+$/, '');
    const before = text.slice(Math.max(0, index - BEFORE), index);
    if (isInRun(before, text.slice(index, index + 80))) continue;
    const near = paragraphEnd(before);
    const after = text.slice(index + found.length, index + found.length + AFTER).split(/\n\s*\n/, 1)[0] ?? '';
    if (WIFI.test(near) && WIFI_KEY.test(near) && isNetworkKey(value)) return 'the key of a wireless network';
    if (!mayBePassword(value) || isInCode(before, after)) continue;
    if (isTold(near, value, after) || isSpelled(near, value, text.slice(index + found.length)))
      return 'a password beside a login';
  }
  return undefined;
};

/** How to write it is said of what somebody is to type: `capital S, dots between`, `mit großem M`. */
const SPELLED =
  /^["'”»`]?[\s,;:(.–—-]{0,5}(?:(?:with|has|it'?s|note|mind|that'?s|mit|avec|con|com|с|в|the|a|an|all|both|one|un|una|une|uma|le|la|el|o|il|das|der|alles|tutto|todo|tudo|tout|все)\s){0,3}(?:\p{L}{1,10}\s(?:with|mit|avec|con|com|с)\s)?(?:(?:both|each|all) words?\s)?(?:capitali[sz]ed|capitals?(?![a-z])|upper-?case|lower-?case|no spaces?|without spaces?|dots? between|dash(?:es)? between|one word(?![a-z])|case[- ]sensitive|gro(?:ß|ss)(?:em|es|er|geschrieben|e[rn]? buchstaben?)?(?![a-z])|klein(?:em|es|er|geschrieben)?(?![a-z])|zusammen(?:geschrieben)?(?![a-z])|ohne leerzeichen|leerzeichen|majuscules?|minuscules?|sans espaces?|en un (?:seul )?mot|attaché|mayúsculas?|minúsculas?|sin espacios?|junto|maiúsculas?|minúsculas?|sem espaços?|maiuscol[aeio]|minuscol[aeio]|senza spazi|attaccato|[\u3001-\u9fff\uac00-\ud7af ]{1,10}(?:大文字|小文字|大写|小写|대문자|소문자)|большой|большая|заглавной|заглавная|маленьк|без пробел|слитно|大文字|小文字|スペースな|大写|小写|无空格|没有空格|中间没|대문자|소문자|띄어쓰기|붙여)/iu;
/** `It's the password for all the files.` */
const CALLED_NEXT =
  /^[^.!?\n]{0,60}[.!?)]{1,3}\s{1,3}(?:it'?s|it is|that'?s|that is|this is|das ist|dies ist|c'est|es|esa es|ese es|essa é|esse é|é|è|questa è|quella è|это)\s(?:(?:the|das|le|la|el|a|o|il|our|my|unser|mein|notre|mon|nuestra|mi|nossa|minha|nostra|mia|наш|мой)\s){0,2}$/iu;
/** `the archive opens with …`. */
const OPENS_WITH =
  /(?<![a-zà-öø-ÿœа-яё])(?:zip|rar|7z|pdfs?|xlsx?|docx?|archives?|archivs?|files?|datei(?:en)?|documents?|dokumente?|spreadsheets?|folders?|ordner|fichiers?|archivos?|arquivos?|documentos?|documenti?|planilhas?|cartell[ae]|архив\p{L}?|файл\p{L}?|документ\p{L}?|backups?|usb|stick|disk|drive|vault)(?![a-zà-öø-ÿœа-яё])[^.!?\n]{0,50}(?<![a-zà-öø-ÿœа-яё])(?:opens?|opened|unlocks?|extracts?|unpacks?|decrypts?|öffne[nt]|öffnet sich|entpacken|geht auf|aufgeht|ouvre|s'ouvrent|abren?|abrem|aprono|apre|открыва\p{L}+|распаковыва\p{L}+)(?: only| just| nur| sich)?\s(?:with|using|by|mit|avec|con|com|с)\s["'“«„`]?$/iu;
const OPENS_WITH_IN_CJK =
  /(?:压缩包|文件|附件|文档|ファイル|書類|添付|파일|압축|문서)[^。\n]{0,12}(?:用|は|を|은|는|을|를)\s?$/u;
const OPENED_IN_CJK = /^\s?(?:来)?(?:打开|解压|解锁|で開|で解凍|로 열|으로 열|로 풀|으로 풀)/u;
/** `Try again with …`. */
const RETRIED =
  /(?<![a-zà-öø-ÿœа-яё])(?:try|retry|tried|versuch\p{L}*|probier\p{L}*|réessa[iy]\p{L}*|essa[iy]\p{L}*|inténtal\p{L}*|intent[ae]|prueba|tenta|tente|prova|provi|riprova|попробуй\p{L}*)(?:\s(?:it|es|lo|once|again|more|nochmal|noch|mal|einmal|erneut|encore|fois|une|de|nouveau|nuevo|otra|vez|novo|novamente|di|nuovo|ещё|еще|раз|снова)){0,3}\s(?:with|using|mit|avec|con|com|с)\s["'“«„`]?$/iu;

/** `Harvest2Moon`, `Sherpa.Lemon.64`: more than one word, or what people choose, and no name in code (`camelCase2`). */
const isMade = (value: string): boolean =>
  (looksChosen(value) && !/^\p{Ll}+(?:\p{Lu}\p{Ll}*)+\d*$/u.test(value)) ||
  /^\p{Lu}?\p{Ll}{2,}\d{1,4}\p{L}{2,}\d{0,4}!?$/u.test(value);
/** Not the name and the number of a program: `Acrobat9`, `Qwen3-8b`. */
const isOwn = (value: string): boolean =>
  hasSign(value) ||
  isJoined(value) ||
  /^\p{Lu}?\p{Ll}{3,}\d{1,2}\p{Lu}\p{Ll}{2,}\d{0,4}$/u.test(value) ||
  /^\p{L}{3,}(?:[-_.]\p{L}{3,}){1,3}[-_.]?\d{2,4}$/u.test(value);

const LOOK_AHEAD = 140;

const isSpelled = (before: string, value: string, rest: string): boolean => {
  if (!isMade(value)) return false;
  const after = rest.slice(0, LOOK_AHEAD).split(/\n\s*\n/, 1)[0] ?? '';
  const context = `${before} ${after}`;
  const tells = [PASSWORD, LOGIN, WIFI].some((each) => each.test(context));
  const isOpened = OPENS_WITH.test(before) || (OPENS_WITH_IN_CJK.test(before) && OPENED_IN_CJK.test(after));
  const isRetried = RETRIED.test(before);
  if (SPELLED.test(after) && (tells || isOpened || isRetried)) return true;
  const named = PASSWORD.exec(after);
  if (named !== null && CALLED_NEXT.test(after.slice(0, named.index))) return true;
  return isOwn(value) && (isOpened || (isRetried && tells));
};

/** A piece of base64. */
const isInRun = (before: string, from: string): boolean =>
  (/[\w+/=-]*$/.exec(before)?.[0].length ?? 0) + (/^[\w+/=-]*/.exec(from)?.[0].length ?? 0) > 56;

const paragraphEnd = (before: string): string => before.split(/\n\s*\n/).pop() ?? '';

/** What stands in an expression, an address or a list of names of things. */
const isInCode = (before: string, after: string): boolean =>
  /(?:[a-z][a-z+.-]{1,12}:\/\/\S*|[({[<]\s?|[\w\])]\s?(?:[=!<>&+]=?|\|\|)\s?)$/i.test(before) ||
  /^(?:\((?![^\0-\x7f])|\[|\s?[=!]==?\s|\s?=>)/.test(after);

const mayBePassword = (value: string): boolean => {
  if (
    !/^[\p{Script=Latin}\p{Script=Cyrillic}\d][\p{Script=Latin}\p{Script=Cyrillic}\d!#$?^&*%+@._~-]*$/u.test(
      value,
    )
  )
    return false;
  if (value.length < 6 || !/\p{L}/u.test(value) || kindOf(value) !== 'value') return false;
  if (isTechnical(value) || isCode(value) || namesItself(value.replace(/[\d!]+$/, ''))) return false;
  // Numbers of issues, links to places, addresses, encoded text, versions, mentions.
  return !/^(?:[a-z\d_.-]*[#@]\d+|#.*|@.*|.*@[\w-]+\.[\w.-]+|.*%[0-9A-F]{2}.*|v?\d+(?:\.\d+)+.*|[A-Z]{1,6}-\d+|.*\d{4}-\d\d.*|\d+(?:st|nd|rd|th)|.*[?&]{2}.*|.*\?\..*|.*\.\w{2,5}#.*|.*\w[.]#.*|\w+\$\d{1,2})$/.test(
    value,
  );
};

/** `Otter&Reed5`, `Pumpkin$oup2`, `Dango!555`: nothing else is written so, and it needs no word beside it. */
const STANDS_ALONE =
  /^(?:\p{Lu}\p{Ll}{2,}[!#$&*]\p{L}+\d{1,4}!?|\p{Lu}\p{Ll}{2,}[!*]\d{2,4}|\p{Ll}{4,}!\d{2,4})$/u;

/** `buttercup1951`, `Marigold-77`, `Natto_gohan8`: beside the name of a password. */
const WORD_WITH_DIGITS =
  /^(?:\p{Ll}{5,}\d{2,4}|\p{Lu}\p{Ll}{3,}\d{2,4}!?|\p{Lu}\p{Ll}{3,}[-_.]\p{Ll}*\d{1,4}|\p{Lu}?\p{Ll}{3,}[-_]\p{L}+[-_]?\p{L}*\d{1,4})$/u;

/** Letters, digits and a sign that no name of a thing has; `Winter2030!` ends with one. */
const hasSign = (value: string): boolean =>
  /\d/.test(value) &&
  /\p{L}{2}/u.test(value) &&
  /[!#$^](?=[\p{L}\p{N}])|[?*&%+](?=\d)|\d[!$#*?]{1,3}$/u.test(value) &&
  /\p{Ll}/u.test(value) &&
  !/^\$|^\w+\?$|^[A-Z\d-]+\$$/.test(value);

/** `Bienvenue2030`, `chatonRoux9`, `gr3enTea`, `Marigold-77`. */
const looksChosen = (value: string): boolean =>
  hasSign(value) ||
  isStrong(value) ||
  /^\p{L}{4,}[-_.]?\d{1,6}!?$/u.test(value) ||
  /^\p{L}{3,}[-_.]\p{L}{3,}[-_.]?\d{1,4}$/u.test(value) ||
  /^(?=.*[a-z]\d[a-z])[A-Za-z\d_-]{7,}!?$/.test(value) ||
  /^\p{Lu}?\p{Ll}{3,}[!#$?]\d+$/u.test(value) ||
  /^\p{Lu}\p{Ll}+[&+]\p{Lu}\p{Ll}+\d+$/u.test(value) ||
  isJoined(value);

/** `Natto_gohan8`, `Veter-v-pole4`, `Tkrhk!12`. */
const isJoined = (value: string): boolean =>
  /^(?=.*\p{Lu})\p{L}{3,}(?:[_.-]\p{L}+){1,3}\d{1,4}[!?]?$/u.test(value);

const PAIR =
  /(?:(?:^|[\s:「"'`(])[\p{L}\w.@+-]{2,40}["'`]?(?: ?(?:\/{1,2}|[·→–—と和、]) ?|:)|(?:^|[\s:「(])[\w.@+-]{2,40} ?\| ?)(?:\p{L}{1,12}\s?:\s?)?["'`]?$/u;
const AS =
  /(?:(?<![a-zà-öø-ÿœа-яё])(?:as|als|en tant que|como|come|user|username|login|admin|root|под|usuario|usuário|utente|benutzer|utilisateur|compte|konto|account|mit|con|avec|com|with|id)[\s:=]{1,3}["'`]?(?!(?:on|in|at|for|the|to|of|with|and|or|is|a|an|by|from|auf|en|sur|de|la|el)\s)[\w.@+-]{2,40}["'`]?[,;]?\s(?:(?:and|und|et|y|e|и|with|mit|avec|con|com|с|using|usando|via)(?:\s(?:the|pass|pw|mdp|code))?\s)?)["'`“«]?$/iu;
/** `use editor / blueHeron_1962`, said to somebody who cannot get in. */
const USED =
  /(?<![a-zà-öø-ÿœа-яё])(?:use|try|take|nimm|nehmt|nutze?|benutze?|versuch|utilise[rz]?|prends|essaie|essaye|usa|utiliza|prueba|toma|tenta|prova|используй|возьми|попробуй)\s(?:(?:con|com|mit|with|avec|con|it with|mal)\s)?["'`]?[\w.@+-]{2,40}["'`]?\s(?:\/{1,2}|\||·)\s["'`]?$/iu;
const SHUT_OUT =
  /(?<![a-zà-öø-ÿœа-яё])(?:(?:get|getting|let|gets|got) (?:me |us |back |straight )?(?:in|into|on|onto|past)|(?:won't|doesn't|not) let me|(?:nicht|keiner?) (?:mehr )?(?:rein|rauf|drauf|hinein|ran)|komme? (?:da |hier )?(?:nicht|nimmer|gerade nicht)|(?:arrive|peux|peut) (?:pas|plus)|(?:no|não) (?:puedo|consigo|me deja|deixa)|non (?:riesco|entro)|не (?:могу|пускает|получается) ?\p{L}*|denied|refusé)(?![a-zà-öø-ÿœа-яё])/iu;
/** Eight signs at least, and a digit among them. */
const isNetworkKey = (value: string): boolean =>
  /^(?=.*\d|\p{Ll}{3,}[_-]\p{Ll}{3,})[\p{L}\p{N}!#$%&*+.?@_-]{8,63}$/u.test(value) &&
  !/^\d{1,3}(?:\.\d+)+$/.test(value);

const HOST =
  /(?:\b\d{1,3}(?:\.\d{1,3}){3}|\b[\w.-]{1,40}@[\w.-]{2,60}(?!\n))(?::\d{2,5})?(?:[\s,;/|]{1,3}[\w.-]{2,32})?[ \t,;/|:]{1,3}(?:\p{L}{2,12}\s?:?\s)?["'`]?$/u;

/** `ERP: sales01 / Tkrhk!12`, `sarah@example.com → Ledger&Tea4`. */
const IN_LIST =
  /(?:^|[\n,;・•*-]\s?|[:：→는은は]\s{0,2})(?:[\w.+-]{1,40}@[\w-]+(?:\.[\w-]+)+|(?=[\w.-]*[\d_.])[\w.-]{3,30})(?:\s?\/{1,2}\s?|\s?[:：→|]\s|:|\s[-–—]\s|(?<=@[\w.-]{3,60}),?\s(?:and|und|et|y|e|и|と)(?:\s(?:then|dann|puis|luego|depois|poi|потом))?\s)["'`]?$/u;

/** `密码是身份证后六位 14203X`: no comma lies between the name and the value. */
const IN_CJK = /(?:密码|密碼|口令|パスワード|暗証番号|비밀번호|비번|암호)[^,、。!?！？\n!-~]{0,14}\s?$/u;

const COPULA_BEFORE = /(?<![a-zà-ÿ])(?:is|ist|lautet|est|es|é|è|это)\s["'“«]?$/iu;

/** `The password changed. The new one is …`. */
const ANEW =
  /(?:(?<![a-zà-öø-ÿœа-яё])(?:new one is|now it'?s|it is now|it'?s now|changed (?:it )?to|set (?:it )?to|der neue ist|das neue ist|ist jetzt|jetzt|geändert auf|nouveau (?:est|c'est)|maintenant|changé en|ahora es|la nueva es|agora é|a nova é|mudei para|adesso è|ora è|quella nuova è|теперь|новый)|新しいのは|新的是|改成了?|새로운 건|바꿨어|変更後は)[\s:"'「『“«]{0,3}$/iu;

/** `the access: profesor.luna y Tiza-blanca8`. */
const AFTER_COLON = /[:：]\s?(?=[\w.-]*[\d_.])[\w.-]{3,30},?\s(?:and|und|et|y|e|и|と)\s$/u;

/** Short for its name, and as short a way from it: `パス=Kumo_to_ame3`, `, pw TrexRoar44`. */
const LABEL =
  /(?:パス\s?[:=は]|(?<![a-zà-öø-ÿœа-яё\d_])mdp\s?[:=]?|[,;/(·|]\s?(?:and |und |et |y |e |и )?(?:pw|pwd|pass|mdp|psw|пасс?|пас|pwd|비번|pass word)\s?[:=]?)\s?["'`«「]?$/iu;

/** `암호는 사번 말고 budget77 입니다`. */
const COPULA = /^\s?(?:입니다|이에요|예요|이야|야(?!\p{L})|です|でした|だよ|だ。|になり)/u;

const isTold = (before: string, value: string, after: string): boolean => {
  const around = `${before} ${after}`;
  if (!looksChosen(value) && !/^\d{4,}[A-Z]$/.test(value)) return false;
  if (HOST.test(before) && (hasSign(value) || before.endsWith(' / '))) return true;
  if (LOGIN.test(before) && AFTER_COLON.test(before)) return true;
  if (/^\p{Lu}?\p{Ll}{4,}\d{2,4}$/u.test(value) && PASSWORD.test(after.split(/[.!?]\s|\n/, 1)[0] ?? ''))
    return true;
  if (
    /(?:^|[\s:「(])(?:admin|administrator|administrador|root|guest|sa)\/$/i.test(before) &&
    /\d\d/.test(value)
  )
    return true;
  if (STANDS_ALONE.test(value)) return true;
  if (before.endsWith('/') && !hasSign(value) && !isStrong(value)) return false;
  if (LABEL.test(before)) return true;
  if (PASSWORD.test(before) && COPULA.test(after)) return true;
  if (LOGIN.test(around) && (PAIR.test(before) || AS.test(before))) return true;
  if ((isOwn(value) || /\d\d/.test(value)) && USED.test(before) && SHUT_OUT.test(before)) return true;
  if (
    IN_LIST.test(before) &&
    (hasSign(value) || isJoined(value) || /@[\w.-]+\.\w{2,}[^@\n]{0,16}$/.test(before))
  )
    return true;
  if (
    IN_CJK.test(before) &&
    (/^\p{L}{4,}\d{2,}$/u.test(value) || /^\d{4,}[A-Z]$/.test(value) || isStrong(value))
  )
    return true;
  if (PASSWORD.test(before) && ANEW.test(before)) return true;
  const sentence = before.split(/[.!?]\s|[。！？\n]/).pop() ?? '';
  if (PASSWORD.test(sentence.slice(-60)) && WORD_WITH_DIGITS.test(value)) return true;
  if (PASSWORD.test(sentence) && COPULA_BEFORE.test(sentence)) return true;
  if (
    WIFI.test(sentence) &&
    /(?:[:：]|\s(?:avec|with|mit|con|com|с))\s$/.test(sentence) &&
    (/\d\d/.test(value) || /^\p{L}{3,}(?:[-_.]\p{L}{3,})+[-_.]?\d+$/u.test(value))
  )
    return true;
  return hasSign(value) && (PASSWORD.test(around) || LOGIN.test(around));
};
