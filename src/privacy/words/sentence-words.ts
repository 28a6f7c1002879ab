/** Words that sentences are made of, and passwords are not. Pure data, with its two questions. */

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter((word) => word !== ''));

/** What joins a name to what is said of it. */
export const RELATIONS = words(
  `c'est it's that's is was are be becomes became equals to as = : ist war lautet heißt lautete sei auf zu est était sera es era será fue é
  è era sarà e foi это есть был была будет на - – — → => -> `,
);

/** They come between a relation and a value. */
export const ADVERBS = words(
  'resté restée geblieben rimasta rimasto siendo sendo still now just currently simply only again noch jetzt nun immer wieder weiterhin toujours maintenant encore todavía ahora ainda agora ancora adesso всё ещё теперь сейчас',
);

/** After these, a plain word that ends the sentence is a value, where no sentence would say it of a password. */
export const SAYS = words('is was lautet lautete heißt remains');

/** What is said of a password. */
const PREDICATES = words(
  `wrong incorrect correct right invalid valid required optional mandatory missing empty blank weak strong secure insecure
  safe unsafe hidden unknown known expired outdated old new short long simple complex easy hard needed set unset stored
  hashed encrypted changed reset lost forgotten stolen leaked compromised exposed public private secret confidential
  sensitive visible invisible masked shown sent shared saved ready fine good bad ok okay broken working accepted rejected
  refused denied protected case-sensitive important necessary here there below above attached enclosed unchanged same
  different unique random generated temporary permanent plaintext plain ignored deprecated disabled enabled locked it
  patience time everything nothing something anything none practice
  falsch richtig ungültig gültig abgelaufen korrekt leer sicher unsicher schwach stark erforderlich notwendig geheim bekannt
  facoltativa facoltativo obbligatoria obbligatorio opcional facultatif facultative optionnel obligatorio obligatoria
  incorrect incorrecta incorreta errata obligatoire oublié oubliée inválida inválido necesario vacía vazia`,
);

const FUNCTIONAL = words(
  `the a an this that these those my your our their its his her it they we you he she i of for to from with without in on
  at by as and or but if not no than then so too very must should shall can could may might will would has have had do
  does did is are was were be been least most more less only also each every any all some when where which who what why
  how see use please contain contains contained include includes consist enter choose type show hide forgot forgotten
  again about into per via after before between characters character chars letters digits
  der die das den dem ein eine einen einem und oder nicht muss müssen mit für von bei aus ist sind kein keine wird bitte
  mindestens höchstens vergessen eingeben
  le la les un une des du de et ou pas doit pour avec sans est sont au aux veuillez oublié
  el los las una unos y o no debe para con sin es son por favor
  os as um uma e ou não deve com sem são por
  il lo gli uno che deve per con senza
  и или не должен должна должно для от с без это`,
);

/** One of the words of a sentence, or what is said of a password. */
export const isProse = (text: string): boolean =>
  text
    .toLowerCase()
    .split(/[\s,.;:!?]+/)
    .some((word) => FUNCTIONAL.has(word) || PREDICATES.has(word));

/** `8 characters`, `4桁`, `90일`, `2024年`. */
export const unitFollows = (after: string): boolean =>
  /^\s?[-–~〜]?\s?(?:\d+\s?)?(?:chars?|characters?|digits?|letters?|symbols?|bytes?|bits?|tokens?|times?|days?|hours?|minutes?|seconds?|years?|months?|weeks?|attempts?|users?|items?|percent|%|zeichen|ziffern|stellen|tage|mal|caractères|chiffres|jours|caracteres|dígitos|días|dias|caratteri|cifre|giorni|символ|знак|цифр|дн|раз|文字|桁|字|年|月|日|時|分|秒|回|個|円|位|个|個|次|天|小时|자|글자|자리|년|월|일|회|번|개|원|분|초)/iu.test(
    after,
  );
