(* From text to obligations and tasks; see certify/io/kernel_text.py, which writes the text.  Words are
   separated by spaces or line ends; a fraction is two hexadecimal integers.  What is read of a
   task is not believed: the kernel's theorem holds for every task. *)
open Kernel

exception Malformed of string
exception Missing of string (* what this kernel does not have *)
exception Refused of string (* what is stated and cannot be shown, and why *)

let version = "certify-kernel-5"

type entry = { name : string; stated : obligation; task : task; tree : string }

(* Cells, and for each of them the steps that it is followed for, and a degree. *)
type crossing = { paving : string; course : course_of_claim; cells : (cell * int * int) list; halvings : int }

type wanted = Tree of entry | Cells of crossing

type source = { text : string; mutable position : int }

let word source =
  let is_space c = c = ' ' || c = '\n' in
  let size = String.length source.text in
  let position = ref source.position in
  while !position < size && is_space source.text.[!position] do incr position done;
  if !position >= size then raise (Malformed "the text ends early");
  let start = !position in
  while !position < size && not (is_space source.text.[!position]) do incr position done;
  source.position <- !position;
  String.sub source.text start (!position - start)

let at_end source =
  match word { source with position = source.position } with
  | exception Malformed _ -> true
  | _ -> false

let expect source wanted =
  let found = word source in
  if found <> wanted then raise (Malformed (Printf.sprintf "%S where %S is expected" found wanted))

let natural source =
  let found = word source in
  match int_of_string_opt found with
  | Some n when n >= 0 -> n
  | _ -> raise (Malformed (Printf.sprintf "%S is not a natural number" found))

(* [-]0x and digits: what else zarith reads is no number here *)
let integer text =
  let digit c = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') in
  let sign = if text <> "" && text.[0] = '-' then 1 else 0 in
  let size = String.length text - sign - 2 in
  if size > 0 && String.sub text sign 2 = "0x" && String.for_all digit (String.sub text (sign + 2) size)
  then Big_int_Z.big_int_of_string text
  else raise (Malformed (Printf.sprintf "%S is not an integer" text))

let rational source =
  let qnum = integer (word source) in
  let qden = integer (word source) in
  if Big_int_Z.sign_big_int qden > 0 then { qnum; qden }
  else raise (Malformed "a fraction whose denominator is not positive")

(* in order of the text, which List.init does not promise *)
let times n read =
  let rec from n read_so_far = if n = 0 then List.rev read_so_far else from (n - 1) (read () :: read_so_far) in
  from n []

let counted source read = let n = natural source in times n (fun () -> read source)

let functions =
  [ "relu", Relu; "abs", Abs; "sin", Sin; "cos", Cos; "tanh", Tanh; "exp", Exp; "atan", Atan;
    "log", Log; "sqrt", Sqrt; "recip", Recip ]

let fn source =
  match word source with
  | "pow" -> Pow (natural source)
  | name ->
    match List.assoc_opt name functions with
    | Some g -> g
    | None -> raise (Missing (Printf.sprintf "the function %S" name))

let node source =
  let natural () = natural source in
  let one f = f (natural ()) in
  let two f = let a = natural () in f a (natural ()) in
  let three f = let a = natural () in let b = natural () in f a b (natural ()) in
  match word source with
  | "const" -> Const (rational source)
  | "var" -> one (fun i -> Var i)
  | "neg" -> one (fun a -> Neg a)
  | "add" -> two (fun a b -> Add (a, b))
  | "sub" -> two (fun a b -> Sub (a, b))
  | "mul" -> two (fun a b -> Mul (a, b))
  | "max" -> two (fun a b -> Max (a, b))
  | "call" -> let g = fn source in one (fun a -> Call (g, a))
  | "step" -> one (fun a -> Step a)
  | "select" -> three (fun a b c -> Select (a, b, c))
  | "quotient" -> let g = fn source in two (fun a b -> Quotient (g, a, b))
  | "quotient2" -> let g = fn source in two (fun a b -> Quotient2 (g, a, b))
  | "increment" -> let g = fn source in two (fun a b -> Increment (g, a, b))
  | "stack" -> let n = natural () in Stack (times n natural)
  | "index" -> two (fun a i -> Index (a, i))
  | "affine" ->
    let rational () = rational source in
    let row () = let bias = rational () in let weights = times (natural ()) rational in (weights, bias) in
    let rows = times (natural ()) row in
    one (fun a -> Affine (rows, a))
  | name -> raise (Missing (Printf.sprintf "the operator %S" name))

let rec formula source =
  match word source with
  | "positive" -> Positive (natural source)
  | "nonnegative" -> Nonnegative (natural source)
  | "defined" -> Defined (natural source)
  | "and" -> let a = formula source in And (a, formula source)
  | "or" -> let a = formula source in Or (a, formula source)
  | name -> raise (Missing (Printf.sprintf "the relation %S" name))

let interval source = let low = rational source in (low, rational source)

let obligation source =
  let box = (expect source "box"; counted source interval) in
  let program = (expect source "program"; counted source node) in
  let goal = (expect source "goal"; formula source) in
  { box; program; goal }

let system source =
  let bounds = (expect source "states"; counted source interval) in
  let others = (expect source "others"; counted source interval) in
  let plant = (expect source "plant"; counted source node) in
  let outputs = (expect source "outputs"; counted source natural) in
  { bounds; others; plant; outputs }

let claim source =
  let loop = system source in
  let lyapunov = (expect source "lyapunov"; counted source node) in
  let level = (expect source "level"; rational source) in
  let decay = (expect source "decay"; rational source) in
  let rest = (expect source "rest"; counted source rational) in
  let cube = (expect source "cube"; counted source rational) in
  { loop; lyapunov; level; decay; rest; cube }

let functions_of source = counted source (fun source -> expect source "function"; counted source node)

let safety_claim source =
  let guarded = system source in
  let barrier = (expect source "barrier"; counted source node) in
  let starts_in = (expect source "initial"; functions_of source) in
  let never_in = (expect source "unsafe"; functions_of source) in
  { guarded; barrier; starts_in; never_in }

let maybe read source =
  match word source with
  | "none" -> None
  | "some" -> Some (read source)
  | found -> raise (Malformed (Printf.sprintf "%S is neither none nor some" found))

let output_claim source =
  let inputs = (expect source "inputs"; counted source interval) in
  let measured = (expect source "output"; counted source node) in
  let low_bound = (expect source "lower"; maybe rational source) in
  let high_bound = (expect source "upper"; maybe rational source) in
  { inputs; measured; low_bound; high_bound }

let residual_claim source =
  let around = claim source in
  let residual = (expect source "residual"; rational source) in
  { around; residual }

let rec paving source =
  match word source with
  | "kept" -> Kept (natural source)
  | "dropped" -> Dropped
  | "cut" ->
    let axis = natural source in
    let middle = rational source in
    let lower = paving source in
    Cut (axis, middle, lower, paving source)
  | found -> raise (Malformed (Printf.sprintf "%S is no part of a paving" found))

let extension_claim source =
  let core = claim source in
  let most_steps = (expect source "steps"; natural source) in
  let covered = (expect source "volume"; rational source) in
  let cells_of = (expect source "paving"; paving source) in
  { core; most_steps; covered; cells_of }

let recovery_claim source =
  let steered = system source in
  let target = (expect source "target"; functions_of source) in
  let starting = (expect source "initial"; functions_of source) in
  let away = (expect source "away"; maybe natural source) in
  let deadline = (expect source "steps"; natural source) in
  let room_size = (expect source "volume"; rational source) in
  let room_of = (expect source "paving"; paving source) in
  { steered; target; starting; away; deadline; room_size; room_of }

let rule_claim source =
  let comparison source =
    match word source with
    | "positive" -> { strict = true; compared = natural source }
    | "nonnegative" -> { strict = false; compared = natural source }
    | found -> raise (Malformed (Printf.sprintf "%S is not a comparison" found)) in
  let rule source =
    let conditions = (expect source "when"; counted source comparison) in
    let conclusions = (expect source "then"; counted source comparison) in
    { conditions; conclusions } in
  let domain = (expect source "domain"; counted source interval) in
  let decisions = (expect source "decisions"; counted source node) in
  let rules = (expect source "rules"; counted source rule) in
  { domain; decisions; rules }

(* What is found need not be believed: the kernel says whether the text states it. *)
let statement source =
  let start = source.position in
  let found = match word source with
    | "obligation" -> Holding (obligation source)
    | "T-STAB-D" -> Stable (claim source)
    | "T-STAB-C" -> Attracting (claim source)
    | "T-SAFE-D" -> Guarded (safety_claim source)
    | "T-SAFE-C" -> Shielded (safety_claim source)
    | "T-OUT" -> Bounded (output_claim source)
    | "T-RES-D" -> Settling (residual_claim source)
    | "T-RES-C" -> Subsiding (residual_claim source)
    | "T-EXT-D" -> Extended (extension_claim source)
    | "extending" -> Extending (extension_claim source)
    | "T-REACH-D" -> Recovered (recovery_claim source)
    | "T-RULE" -> Ruled (rule_claim source)
    | kind -> raise (Missing (Printf.sprintf "the statement %S" kind)) in
  let rec bytes i l = if i < start then l else bytes (i - 1) (Char.code source.text.[i] :: l) in
  if says (bytes (source.position - 1) []) found then found
  else raise (Malformed "a statement that is not spelled as the kernel spells it")

let digits_of source =
  let n = natural source in
  let digits = if n = 0 then "" else word source in
  if String.length digits <> n then raise (Malformed "flags of another length");
  let flag = function
    | '0' -> (false, false) | '1' -> (true, false) | '2' -> (false, true) | '3' -> (true, true)
    | c -> raise (Malformed (Printf.sprintf "the flag %C" c)) in
  List.map flag (List.of_seq (String.to_seq digits))

(* For each node a digit: 1 if its error gets a name, 2 if the formula is tried there.  Of an obligation
   that the text does not know it says how many errors get names. *)
let flags stated source =
  match word source with
  | "names" -> usual (maybe natural source) stated
  | "flags" -> digits_of source
  | found -> raise (Malformed (Printf.sprintf "%S where names or flags are expected" found))

let at_root source =
  expect source "coordinates";
  match natural source with
  | 0 -> None
  | n ->
    let rationals () = times n (fun () -> rational source) in
    let shift0 = rationals () in
    let matrix = times n rationals in
    Some { shift0; matrix; inverse = times n rationals }

let tree source =
  expect source "tree";
  let n = natural source in
  let digits = if n = 0 then "" else word source in
  if String.length digits <> 2 * n then raise (Malformed "a tree of another length");
  String.init n (fun i ->
    match int_of_string_opt ("0x" ^ String.sub digits (2 * i) 2) with
    | Some byte -> Char.chr byte
    | None -> raise (Malformed "a tree that is not in hexadecimal digits"))

let proof deeper source stated =
  let name = word source in
  let flags = flags stated source in
  let at_root = at_root source in
  let tree = tree source in
  { name; stated; task = { flags; at_root; depth = 4096; deeper; tree = [] }; tree }

(* How the cells of a statement are to be shown, if it has any. *)
let crossings deeper source stated =
  match to_show stated with
  | [] -> []
  | cells ->
    let name = (expect source "cells"; word source) in
    let course = (expect source "names"; course_for (natural source) stated) in
    let count = (expect source "hops"; natural source) in
    if count <> List.length cells then
      raise (Malformed (Printf.sprintf "%d hops of %d cells" count (List.length cells)));
    let hint cell = let hops = natural source in (cell, hops, natural source) in
    [ Cells { paving = name; course; cells = List.rev (List.rev_map hint cells); halvings = max 0 (deeper - 4) } ]

let reason_for stated = match unfit_cells stated with
  | Some Late -> Refused "paving a cell takes more steps than the claim says"
  | Some Small -> Refused "paving the cells are smaller than the claim says"
  | Some Misshapen -> Refused "paving the cells are not parts of the domain"
  | None -> Missing "obligations for a claim like this one"

(* The obligations of a statement, made by the kernel, each with its tree, and its cells: by
   [Acceptance.accepted_ok] what is stated is true if they are proved and shown. *)
let proofs deeper source =
  let stated = statement source in
  let by_differences = match (expect source "differences"; natural source) with
    | 0 -> false | 1 -> true
    | _ -> raise (Malformed "differences are written as such or not: 1 or 0") in
  let wanted = match needed by_differences stated with
    | Some wanted -> wanted
    | None -> raise (reason_for stated) in
  let count = (expect source "proofs"; natural source) in
  if count <> List.length wanted then
    raise (Malformed (Printf.sprintf "%d proofs of %d obligations" count (List.length wanted)));
  let trees = List.map (fun stated -> Tree (proof deeper source stated)) wanted in
  trees @ crossings deeper source stated

let entries deeper text =
  let source = { text; position = 0 } in
  let found = word source in
  if found <> version then
    raise (Missing (Printf.sprintf "the format %S: it reads %S" found version));
  let read = List.concat (counted source (proofs deeper)) in
  if not (at_end source) then raise (Malformed "the text goes on after the last tree");
  read
