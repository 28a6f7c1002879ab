/**
 * What each kind of evidence weighs for a candidate of each group, in tenths: number, code, strong, chosen, word, phrase, random.
 * Learned by bench/secret-weights.ts, and not changed by hand.
 */

export const WEIGHTS = `
any: -21 -12 -12 -35 -38 -13 -13; shape year: -8 -6 -6 -6 -6 -6 -6; shape 0ddd: 6 4 4 4 4 4 4
shape ddd: -10 -8 -8 -8 -8 -8 -8; shape dddd: 2 1 1 1 1 1 1; shape round: 3 1 1 1 1 1 1
shape ddddd: 2 1 1 1 1 1 1; shape dddddd: 13 10 10 10 10 10 10; shape d7-9: 9 7 7 7 7 7 7
shape d10-12: -20 -14 -14 -14 -14 -14 -14; shape with #: -2 -3 -2 -2 -2 -2 -2; shape ddd ddd: 14 18 14 14 14 14 14
shape phone: -22 -13 -13 -13 -13 -13 -13; shape dd dd dd: 11 14 11 11 11 11 11; shape dd-dddd: -5 -6 -5 -5 -5 -5 -5
shape dddd dddd: 16 20 16 16 16 16 16; shape dial: 7 9 7 7 7 7 7; shape dA: -5 -7 -5 -5 -5 -5 -5
shape MODEL: -17 -21 -17 -17 -17 -17 -17; shape AA99: -16 -21 -16 -16 -16 -16 -16; shape short hex: 0 0 0 0 0 0 0
shape groups: 2 3 2 2 2 2 2; shape small groups: -2 -2 -2 -2 -2 -2 -2; shape hex: -9 -9 -9 -9 -9 -9 -12
shape prefixed: 0 0 0 0 0 0 0; shape word!word9: 15 15 19 15 15 15 15; shape word!99: 12 12 15 12 12 12 12
shape Word.Word9: 0 0 0 0 0 0 0; shape Word-99: 9 9 11 9 9 9 9; shape word99!: 6 6 8 6 6 6 6
shape word-word9: 2 2 2 2 2 2 2; shape long: -3 -3 -3 -3 -3 -3 -3; shape signs: -3 -3 -4 -3 -3 -3 -3
shape Word99: 17 17 17 21 17 17 17; shape word99: 7 7 7 10 7 7 7; shape Word9Word: -5 -5 -6 -5 -5 -5 -5
shape a9b: 7 7 7 8 7 7 7; shape A9: -4 -4 -4 -4 -4 -4 -4; shape word!word: 6 6 6 9 6 6 6
shape word-word: -3 -3 -3 -4 -3 -3 -3; shape UPPER: -1 -1 -1 -1 -1 -1 -1; shape lower: -1 -1 -1 -1 -1 -1 -1
shape Capital: -3 -3 -3 -3 -3 -3 -3; shape camelCase: -4 -4 -4 -4 -5 -4 -4; shape cjk: 6 6 6 6 9 6 6
shape words: -5 -5 -5 -5 -5 -6 -5; password beside: 16 16 18 20 17 11 19; password near: 15 16 20 23 18 13 18
password before: 6 26 27 25 12 18 20; password earlier: -2 8 10 12 10 9 7; password next: 12 4 21 13 7 10 10
password after: 11 14 13 19 17 12 12; phrase beside: 10 10 4 12 15 18 13; phrase near: 20 20 20 25 23 30 20
phrase before: 9 9 9 8 9 15 9; phrase earlier: -6 0 -2 -1 0 5 -2; phrase next: -1 -1 -10 -3 -5 -2 -1
phrase after: 12 12 12 12 21 12 12; pin beside: 23 21 23 23 12 20 20; pin near: 19 6 21 5 9 14 14
pin before: 16 13 11 11 6 11 11; pin earlier: 21 11 11 10 10 11 11; pin next: 21 2 9 6 5 9 9
pin after: 12 14 12 12 12 12 12; code beside: 7 6 4 2 3 4 -4; code near: 12 9 6 6 6 6 8
code before: 11 10 5 7 6 16 8; code earlier: -1 1 -2 0 0 0 -2; code next: 1 5 1 3 3 11 3
code after: 0 7 1 1 1 2 2; key beside: 2 4 5 6 4 2 7; key near: -1 7 8 4 3 5 13
key before: 0 4 3 2 3 3 10; key earlier: -1 -2 -3 -1 -1 -1 2; key next: 10 -1 -1 -2 -1 -2 -3
key after: -10 4 -3 -3 -4 -3 -5; secret beside: 1 9 13 11 6 6 13; secret near: 5 11 15 15 9 6 14
secret before: 6 5 8 4 4 5 14; secret earlier: 1 1 6 0 1 1 5; secret next: -3 -6 -1 -2 -3 -1 -1
secret after: -4 -3 -3 -5 -4 -3 -3; user beside: -2 -7 4 2 2 -2 -1; user near: 6 7 12 10 9 6 11
user before: -4 9 5 3 3 3 2; user earlier: -6 1 3 2 1 -1 1; user next: 5 3 7 1 0 3 3
user after: 2 4 4 2 6 4 3; enter beside: 3 2 0 2 3 -2 -5; enter near: 5 5 11 8 6 8 4
enter before: 4 5 10 9 7 5 6; enter earlier: -2 -5 -4 -3 -3 -4 -3; enter next: 5 3 6 8 9 9 5
enter after: -3 -1 4 -1 -2 -1 -1; wifi beside: 5 -1 8 8 6 7 4; wifi near: 14 14 14 20 12 15 11
wifi before: 14 22 16 21 21 17 21; wifi earlier: -4 -2 0 3 2 -2 4; wifi next: 1 2 4 1 1 2 2
wifi after: -3 -5 -2 -3 -4 -2 -2; spare beside: 4 11 7 5 6 6 4; spare near: 6 13 5 4 5 6 2
spare before: 0 0 1 -1 -2 0 -5; spare earlier: 0 5 1 1 1 2 1; spare next: 4 4 5 4 4 4 5
spare after: -3 -4 -2 -2 -4 -2 -2; once beside: 5 7 5 4 4 5 5; once near: 2 8 3 4 5 0 5
once before: -2 1 1 0 -2 0 0; once earlier: 1 6 -2 -1 -1 -1 -4; once next: 16 8 5 9 7 8 8
once after: -1 1 2 1 1 1 1; sent beside: 10 9 4 5 6 6 0; sent near: -2 5 2 3 3 0 0
sent before: 1 2 1 4 1 1 -2; sent earlier: -1 -1 -2 -1 -1 -1 -1; sent next: 7 4 5 4 4 4 2
sent after: -4 -5 -4 -6 -5 -4 -4; changed beside: 4 7 6 5 4 -3 -3; changed near: -5 1 8 3 0 -4 1
changed before: 6 4 6 3 3 8 1; changed earlier: -1 -4 -4 -3 -3 -4 -3; changed next: 7 -2 4 3 3 2 3
changed after: -7 6 4 6 5 4 4; broken beside: 5 9 5 4 2 4 5; broken near: 14 4 4 5 0 2 6
broken before: 10 7 2 5 -3 4 1; broken earlier: -6 -6 -3 -4 -5 -4 -4; broken next: 10 0 9 4 -1 13 5
broken after: 4 7 7 6 12 6 6; lock beside: 4 7 2 3 3 11 4; lock near: 9 12 7 5 5 6 8
lock before: 8 9 7 5 7 7 7; lock earlier: -1 -1 -1 0 0 4 -1; lock next: 7 4 3 4 4 5 4
lock after: 3 2 3 2 4 3 3; device beside: 8 10 6 6 7 4 5; device near: 12 7 7 8 8 8 10
device before: 14 10 9 8 8 9 10; device earlier: 8 1 0 0 1 1 -2; device next: 11 9 5 5 5 6 1
device after: 8 2 4 3 4 4 4; open beside: 14 8 6 7 6 4 7; open near: 9 7 4 3 4 3 4
open before: 6 2 4 3 2 4 3; open earlier: -3 -3 -3 -2 -2 -3 -2; open next: 12 5 4 4 3 2 3
open after: 1 6 -2 -2 -2 -1 -2; place beside: 1 5 8 6 4 10 10; place near: 5 7 7 6 6 6 12
place before: 3 6 9 6 4 6 8; place earlier: -2 -3 -1 -1 -1 -1 -4; place next: 5 5 7 6 6 3 14
place after: 9 11 6 10 14 9 8; file beside: 3 9 6 9 10 7 2; file near: 4 10 7 10 8 10 10
file before: 5 6 3 9 8 8 15; file earlier: -1 -1 -2 -1 -1 -1 -2; file next: -2 0 3 3 3 1 4
file after: 3 3 2 3 6 3 3; admin beside: 8 2 7 5 4 6 9; admin near: 5 5 5 4 4 5 5
admin before: 3 10 1 2 0 2 -3; admin earlier: 1 6 2 -1 -1 -2 5; admin next: 10 4 6 4 3 5 5
admin after: -5 0 0 -2 1 0 0; numbered beside: -17 -17 -13 -15 -13 -15 -15; numbered near: -14 -11 -12 -11 -11 -14 -7
numbered before: -4 -10 -7 -7 -9 -10 -8; numbered earlier: -8 -8 -8 -7 -7 -6 -7; numbered next: -9 -8 -8 -9 -9 -7 -10
numbered after: -10 -5 -3 -4 -2 -4 -3; unit beside: -14 -13 -9 -11 -11 -13 -10; unit near: -15 -12 -13 -12 -13 -17 -14
unit before: -11 -9 -4 -7 -7 -8 -6; unit earlier: -8 -9 -7 -7 -7 -7 -8; unit next: -13 -12 -10 -11 -11 -12 -12
unit after: 6 1 -2 -2 0 -1 -2; policy beside: -17 -21 -17 -14 -14 -23 -19; policy near: -7 -12 -14 -12 -13 -13 -12
policy before: -13 -11 -7 -13 -12 -12 -14; policy earlier: -9 -9 -9 -8 -8 -8 -9; policy next: -9 -10 -12 -13 -13 -13 -12
policy after: -9 -4 -7 -7 -6 -6 -7; other beside: -11 -14 -14 -8 -6 -10 -9; other near: -15 -5 -9 -7 -9 -10 -13
other before: -5 -7 -11 -6 -4 -8 -7; other earlier: -8 -8 -8 -7 -7 -7 -7; other next: -4 -12 -9 -8 -8 -9 -10
other after: -9 -5 -3 -4 0 -3 -4; copula beside: 0 0 0 0 0 0 0; copula near: 0 0 0 0 0 0 0
copula before: 0 0 0 0 0 0 0; copula earlier: 0 0 0 0 0 0 0; copula next: 0 0 0 0 0 0 0
copula after: 0 0 0 0 0 0 0; with beside: 0 0 0 0 0 0 0; with near: 0 0 0 0 0 0 0
with before: 0 0 0 0 0 0 0; with earlier: 0 0 0 0 0 0 0; with next: 0 0 0 0 0 0 0
with after: 0 0 0 0 0 0 0; function beside: 0 0 0 0 0 0 0; function near: 0 0 0 0 0 0 0
function before: 0 0 0 0 0 0 0; function earlier: 0 0 0 0 0 0 0; function next: 0 0 0 0 0 0 0
function after: 0 0 0 0 0 0 0; left start: 0 0 0 0 0 0 0; left space: -1 -1 -2 0 -1 -1 -1
left tight: 3 0 -4 6 -2 1 1; left :: -1 0 2 0 -1 -3 1; left =: -2 -1 0 -1 -1 -1 3
left arrow: 8 6 10 6 9 6 6; left quote: -4 -1 1 -1 -1 2 -5; left (: -3 -5 -4 -3 -3 -4 -3
left /: -4 1 4 1 -1 1 -1; left ,: -3 -3 -1 -2 -4 1 -3; left -: 12 0 -4 0 -2 1 -4
left |: -2 0 -1 -1 2 0 -2; left >: 2 5 3 6 5 4 4; left @: -3 -3 -3 -3 -5 -3 -3
left line: 0 -2 -2 -1 1 0 -3; left other: -2 -5 -4 -3 -4 -3 -4; right end: 0 0 0 0 0 0 0
right space: -2 -1 -1 -1 -1 -1 -2; right tight: -7 -4 -3 -3 -8 -5 -5; right .: -2 0 -2 -3 -3 -3 -2
right ,: -2 -1 -3 -3 -2 -2 -4; right ;: -6 -2 -3 -3 0 -2 -4; right quote: 1 -2 1 1 1 2 0
right ): -5 -6 -6 -4 -4 -5 -6; right /: -4 -3 2 -4 -4 -3 -7; right |: 4 7 7 7 7 5 6
right <: 1 2 3 2 1 1 -6; right =: -2 -3 -1 -2 -3 -2 -2; right :: -1 -4 -2 -2 -2 -2 -2
right (: -8 -5 -5 -4 -6 -4 -5; right line: 3 2 4 4 4 -1 4; right other: 0 -6 -8 -6 -6 -5 -7
word left none: -4 -2 -2 -2 -1 -4 -3; word left copula: 5 3 5 5 2 2 9; word left with: 0 -1 2 0 -1 0 -2
word left function: 1 -3 -3 -3 -2 -3 -1; word left name: 3 3 2 3 0 -1 4; word left numbered: -6 -8 -5 -5 -3 -4 -4
word left unit: -3 -4 1 -2 4 -3 -3; word left lower: -6 -4 -2 -2 -2 -2 -3; word left upper: -3 -4 -4 -2 -4 -6 0
word left number: 0 -6 -2 -1 -8 8 -7; word left cjk: -7 -6 -7 -6 -5 -5 -11; word left other concept: 0 0 0 -1 -2 1 -1
word right none: -1 -1 -1 -1 -1 -2 -1; word right copula: 5 4 8 4 3 4 13; word right with: 0 0 -7 -3 -3 -2 2
word right function: 2 0 1 -2 -2 -1 3; word right name: -8 -7 -5 -4 -5 -4 -7; word right numbered: 2 0 3 1 0 1 1
word right unit: -7 -7 -5 -5 -5 -5 -6; word right lower: -4 -1 1 0 0 0 -3; word right upper: -7 -5 -6 -5 -2 -4 -6
word right number: 4 -1 -4 -3 -4 -2 -3; word right cjk: -7 -4 -2 0 -3 -3 2; word right other concept: 1 2 -3 3 5 1 2
password :: 13 14 13 15 17 0 13; phrase :: 19 19 19 19 26 30 19; pin :: 17 16 16 13 16 16 16
code :: -1 1 0 -9 -2 0 0; key :: 8 15 9 12 6 2 16; secret :: -1 14 18 15 5 -2 13
user :: -3 -7 11 8 -4 3 0; lock :: 0 4 -1 -4 -2 1 1; device :: 15 14 11 -3 4 5 8
spare :: 10 11 9 9 15 9 9; once :: 10 9 8 5 8 8 8; admin :: 1 1 4 2 -4 1 1
wifi :: 10 12 18 16 5 10 10; password =: 14 22 22 25 26 28 21; phrase =: 4 4 4 4 -1 6 4
pin =: 14 13 13 13 13 13 13; code =: -2 2 -4 -6 -4 -1 -1; key =: 2 -3 21 7 11 7 15
secret =: 12 26 22 22 10 22 22; user =: 0 0 -3 2 -4 0 0; lock =: 10 15 5 2 3 12 7
device =: 5 3 4 2 5 4 4; spare =: 6 12 16 2 4 6 -1; once =: -7 -3 -3 -6 -3 -3 -3
admin =: 5 5 5 3 6 5 8; wifi =: -6 -6 -13 -3 -6 -6 -6; password quote: 15 15 16 17 16 21 15
phrase quote: 8 8 8 8 5 12 8; pin quote: 0 0 0 0 0 0 0; code quote: 1 -1 2 0 0 2 2
key quote: -2 -2 -2 -3 -2 -6 -6; secret quote: 1 1 1 -6 0 1 1; user quote: 2 -1 2 2 1 2 2
lock quote: 0 0 -4 -1 -1 0 0; device quote: -5 -8 -5 -6 -10 -5 -5; spare quote: 3 3 3 2 2 3 3
once quote: 4 4 4 4 3 7 4; admin quote: 4 4 4 4 3 4 4; wifi quote: 8 8 8 6 11 8 6
password space: 12 11 13 14 8 12 17; phrase space: 0 -3 3 5 0 3 3; pin space: 18 16 18 23 6 16 16
code space: 12 8 11 7 5 8 -1; key space: 2 7 0 10 2 4 3; secret space: 5 0 11 12 4 7 14
user space: -5 -4 -1 -2 4 1 1; lock space: 3 7 0 1 3 4 4; device space: 6 9 5 6 8 7 7
spare space: 1 9 4 2 2 4 6; once space: 7 9 7 6 5 7 7; admin space: 4 5 6 3 3 5 5
wifi space: 6 -6 12 8 4 6 6; password line: 9 9 9 10 9 9 8; phrase line: -3 -3 -3 -7 -3 -3 -3
pin line: 0 0 0 0 0 0 0; code line: 4 8 0 3 3 4 4; key line: 1 1 5 -1 0 1 -2
secret line: 3 3 3 2 2 3 -4; user line: 1 1 1 -2 0 1 1; lock line: 1 1 -1 0 0 1 1
device line: 1 1 -2 0 -1 1 1; spare line: 10 13 10 9 12 10 10; once line: 4 4 4 3 4 4 4
admin line: 1 1 1 1 0 1 1; wifi line: -2 -2 -3 -6 -4 -2 -2; password (: 3 11 17 16 6 6 11
phrase (: 7 7 7 7 7 6 7; pin (: 13 15 12 12 12 12 12; code (: 3 12 7 2 4 5 5
key (: -4 -4 -5 -7 -6 -6 -5; secret (: 0 0 -7 0 -1 0 0; user (: 6 6 11 4 7 1 6
lock (: -2 -3 -1 2 1 2 2; device (: -1 1 1 -1 0 1 -1; spare (: 3 3 0 2 2 3 3
once (: 14 7 7 7 7 5 7; admin (: 3 -1 -1 2 2 3 3; wifi (: 3 5 1 5 5 5 5
password |: 11 13 17 9 11 11 11; phrase |: 5 5 -4 5 15 5 5; pin |: 0 0 0 0 -3 0 0
code |: 6 8 6 6 5 6 6; key |: 4 4 4 8 1 4 -2; secret |: 0 0 0 0 0 0 0
user |: -8 -8 -13 -11 -14 -8 -8; lock |: 0 0 0 -2 -2 0 0; device |: -6 -6 -6 -9 -8 -6 -10
spare |: 7 9 7 7 7 7 7; once |: 0 0 0 0 0 0 0; admin |: -1 -1 -6 1 -1 -1 -1
wifi |: -1 -1 -1 -1 -3 -1 -1; quoted: 1 0 2 1 1 0 1; pair /: 9 15 17 14 14 13 13
pair :: 7 8 10 9 7 2 9; pair ,: 7 6 9 8 8 6 7; pair and: 19 13 14 14 16 13 13
pair space: 2 8 11 8 8 8 8; pair line: 6 2 7 6 1 6 6; host before: 3 0 9 7 3 5 5
mail before: 30 16 22 25 21 19 19; alone on line: -1 -1 3 -1 -2 -1 -5; call: 0 -1 -2 -2 -2 -2 -2
is name: -4 -6 -5 -5 -5 -6 -6; option: -1 17 11 17 10 10 10; two names: -3 -1 0 -3 -4 -3 -1
prose words: -6 -6 -6 -6 -6 -7 -6; capitals: -7 -7 -7 -7 -7 -9 -7; in code: 1 0 1 0 1 -2 5
other code: -13 -10 -10 -6 -8 -9 -10; login option: 6 19 25 32 19 21 19; long word: 1 0 1 0 0 -3 0
digits inside: 4 5 3 7 4 4 5; column password: 12 12 18 12 14 11 9; column phrase: 7 7 7 7 3 13 7
column pin: 18 10 10 9 7 10 10; column code: 7 5 3 4 4 5 5; column key: -2 -2 -3 -2 -3 -2 4
column secret: -2 -2 -2 -4 -3 -3 4; column spare: 0 7 0 -1 -1 -1 0; column user: -1 -11 -1 -2 1 -1 -1
column numbered: -2 -3 -3 -3 -3 -2 -3; column none: -6 -5 -5 -4 -4 6 -5; told, left start: 0 0 0 0 0 0 0
told, left space: 0 1 0 1 -1 0 -1; told, left tight: 8 5 10 10 2 6 6; told, left :: 5 7 6 6 5 1 5
told, left =: 2 5 2 2 2 1 -3; told, left arrow: 13 10 13 11 15 10 10; told, left quote: -1 7 0 1 3 7 -2
told, left (: -4 0 -3 -3 -3 -4 -3; told, left /: -5 2 1 -4 -4 -3 -3; told, left ,: 1 1 -2 -2 -6 3 -1
told, left -: 5 3 3 3 3 5 3; told, left |: -3 -1 -7 -6 -1 -3 -3; told, left >: 3 4 3 2 5 3 3
told, left @: -3 -3 -3 -3 -5 -3 -3; told, left line: 0 -1 0 -1 0 0 -1; told, left other: -2 -5 1 -2 -2 -1 -1
told, right end: 0 0 0 0 0 0 0; told, right space: 0 0 0 0 -2 -1 2; told, right tight: -2 0 1 2 -5 -1 -1
told, right .: 3 -1 0 -5 -4 -2 -2; told, right ,: 4 4 1 1 2 2 -2; told, right ;: -10 -2 -1 -4 1 -2 -2
told, right quote: 6 6 5 4 6 6 -4; told, right ): -4 -8 -4 -5 -5 -6 -4; told, right /: -6 -3 -10 1 -4 -3 -3
told, right |: -6 -4 -8 -7 -8 -6 -6; told, right <: 2 3 3 2 3 2 2; told, right =: -5 -5 -7 -6 -6 -5 -5
told, right :: -9 -7 -5 -5 -5 -4 -4; told, right (: -6 1 -7 -7 -12 -6 -6; told, right line: 4 5 5 6 5 1 1
told, right other: -6 -6 -6 -5 -7 -5 -6; told, word left none: -7 3 0 -2 -2 -5 -2; told, word left copula: 10 9 7 10 7 6 7
told, word left with: 2 2 -1 -2 -2 -1 -1; told, word left function: 1 -1 -2 -3 -1 -4 -2; told, word left name: 3 2 1 2 1 0 -2
told, word left numbered: -3 -4 -2 6 3 0 0; told, word left unit: 0 -5 -3 -2 -2 -4 -2; told, word left lower: -3 3 0 0 -1 0 -1
told, word left upper: -4 -4 3 -3 -6 -3 -3; told, word left number: -12 -19 -6 -4 -7 -7 -1; told, word left cjk: 4 5 6 2 3 3 3
told, word left other concept: 8 7 8 6 2 9 5; told, word right none: 2 2 1 1 1 0 -1; told, word right copula: 5 4 4 5 5 4 6
told, word right with: 8 6 10 10 0 3 5; told, word right function: 6 1 2 0 -3 0 0; told, word right name: -5 -8 -5 -2 -5 -3 -3
told, word right numbered: 0 -3 0 -5 -4 -2 -2; told, word right unit: -7 -5 -5 -5 -5 -5 -5; told, word right lower: -2 -1 -4 -4 -3 -2 -2
told, word right upper: 7 6 7 4 12 7 7; told, word right number: -7 2 -2 -7 0 -2 -2; told, word right cjk: -1 -2 1 5 0 0 6
told, word right other concept: -2 2 -2 3 -5 -1 -1
`;
