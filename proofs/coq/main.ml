(* The unverified part of the kernel's program: from text to obligations and tasks, and the answer.
   Words are separated by spaces or line ends; numbers are fractions of hexadecimal integers.
   See certify/io/kernel_text.py, which writes the text.  Called with a file and, if wanted, how often
   a leaf that is not proved may be halved; the exit status is 0, 5 (not accepted) or 2 (malformed). *)
module Integer = Z (* of zarith, before the kernel's module of that name hides it *)
open Kernel

exception Malformed of string

let words =
  let file = open_in_bin Sys.argv.(1) in
  let text = really_input_string file (in_channel_length file) in
  let position = ref 0 and size = String.length text in
  let is_space c = c = ' ' || c = '\n' in
  fun () ->
    while !position < size && is_space text.[!position] do incr position done;
    if !position >= size then raise End_of_file;
    let start = !position in
    while !position < size && not (is_space text.[!position]) do incr position done;
    String.sub text start (!position - start)

let expect word = let found = words () in if found <> word then raise (Malformed (word ^ ", not " ^ found))

let natural () =
  match int_of_string_opt (words ()) with
  | Some n when n >= 0 -> n
  | _ -> raise (Malformed "a natural number")

let rational () =
  let word = words () in
  let integer text = try Integer.of_string text with Invalid_argument _ -> raise (Malformed word) in
  match String.split_on_char '/' word with
  | [ n ] -> { qnum = integer n; qden = Integer.one }
  | [ n; d ] when Integer.sign (integer d) > 0 -> { qnum = integer n; qden = integer d }
  | _ -> raise (Malformed word)

(* in order of the text, which List.init does not promise *)
let times n read = List.rev (List.fold_left (fun l () -> read () :: l) [] (List.init n (fun _ -> ())))

let counted read = let n = natural () in times n read

let functions =
  [ "relu", Relu; "abs", Abs; "sin", Sin; "cos", Cos; "tanh", Tanh; "exp", Exp; "atan", Atan;
    "log", Log; "sqrt", Sqrt; "recip", Recip ]

let fn () =
  match words () with
  | "pow" -> Pow (natural ())
  | word -> (match List.assoc_opt word functions with Some g -> g | None -> raise (Malformed word))

let node () =
  let one f = f (natural ()) in
  let two f = let a = natural () in f a (natural ()) in
  let three f = let a = natural () in let b = natural () in f a b (natural ()) in
  match words () with
  | "const" -> Const (rational ())
  | "var" -> one (fun i -> Var i)
  | "neg" -> one (fun a -> Neg a)
  | "add" -> two (fun a b -> Add (a, b))
  | "sub" -> two (fun a b -> Sub (a, b))
  | "mul" -> two (fun a b -> Mul (a, b))
  | "max" -> two (fun a b -> Max (a, b))
  | "call" -> let g = fn () in one (fun a -> Call (g, a))
  | "step" -> one (fun a -> Step a)
  | "select" -> three (fun a b c -> Select (a, b, c))
  | "quotient" -> let g = fn () in two (fun a b -> Quotient (g, a, b))
  | "quotient2" -> let g = fn () in two (fun a b -> Quotient2 (g, a, b))
  | "increment" -> let g = fn () in two (fun a b -> Increment (g, a, b))
  | "stack" -> Stack (counted natural)
  | "index" -> two (fun a i -> Index (a, i))
  | "affine" ->
    let rows = natural () in
    let columns = natural () in
    let row () = let bias = rational () in let weights = times columns rational in (weights, bias) in
    let rows = times rows row in
    one (fun a -> Affine (rows, a))
  | word -> raise (Malformed word)

let rec formula () =
  match words () with
  | "positive" -> Positive (natural ())
  | "nonnegative" -> Nonnegative (natural ())
  | "defined" -> Defined (natural ())
  | "and" -> let a = formula () in And (a, formula ())
  | "or" -> let a = formula () in Or (a, formula ())
  | word -> raise (Malformed word)

let flag () = match words () with "0" -> false | "1" -> true | word -> raise (Malformed word)

let bytes () =
  let n = natural () in
  let text = words () in
  if String.length text <> 2 * n then raise (Malformed "a tree");
  let byte i =
    match int_of_string_opt ("0x" ^ String.sub text (2 * i) 2) with
    | Some b -> b
    | None -> raise (Malformed "a byte") in
  let rec from i l = if i < 0 then l else from (i - 1) (byte i :: l) in
  from (n - 1) []

let nodes () = List.split (counted (fun () ->
  let named = flag () in let tried = flag () in ((named, tried), node ())))

let bounds_of () = counted (fun () -> let low = rational () in (low, rational ()))

let task flags =
  expect "coordinates";
  let n = natural () in
  let square () = times n (fun () -> times n rational) in
  let at_root =
    if n = 0 then None
    else
      let shift0 = times n rational in
      let matrix = square () in
      Some { shift0; matrix; inverse = square () } in
  expect "tree";
  let tree = bytes () in
  let deeper = if Array.length Sys.argv > 2 then int_of_string Sys.argv.(2) else 10 in
  { flags; at_root; depth = 4096; deeper; tree }

let read_obligation () =
  expect "box";
  let box = bounds_of () in
  expect "program";
  let flags, program = nodes () in
  expect "goal";
  let goal = formula () in
  ({ box; program; goal }, task flags)

(* A claim, whose obligation is made by the kernel; the formula is tried when V > level is known. *)
let read_claim () =
  expect "states";
  let bounds = bounds_of () in
  let others = (expect "others"; bounds_of ()) in
  let plant_flags, plant = (expect "plant"; nodes ()) in
  let outputs = (expect "outputs"; counted natural) in
  let lyapunov_flags, lyapunov = (expect "lyapunov"; nodes ()) in
  let level = (expect "level"; rational ()) in
  let decay = (expect "decay"; rational ()) in
  let rest = (expect "rest"; counted rational) in
  let cube = (expect "cube"; counted rational) in
  let claim = { bounds; others; plant; outputs; lyapunov; level; decay; rest; cube } in
  if not (well_formed claim) then raise (Malformed "a claim that is not well formed");
  let made = descent claim in
  let plain n = List.init n (fun _ -> (false, false)) in
  let known = plain (List.length bounds + List.length others) @ plant_flags @ lyapunov_flags
              @ lyapunov_flags @ [ (false, false); (false, true) ] in
  (made, task (known @ plain (List.length made.program - List.length known)))

let () =
  let least = Int64.float_of_bits 1L in
  let samples = [ 0.; -0.; 1.; 1.5; 0.1; least; 2. *. least; min_float; Float.pred min_float; max_float;
                  Float.pred 2.; infinity; nan ] in
  let same x y = Int64.bits_of_float x = Int64.bits_of_float y || (x <> x && y <> y) in
  let agrees x = same (next_up x) (Float.succ x) && same (next_down x) (Float.pred x) in
  assert (List.for_all (fun x -> agrees x && agrees (-.x)) samples);
  (* models are many and short-lived *)
  Gc.set { (Gc.get ()) with minor_heap_size = 1 lsl 20; space_overhead = 200 };
  let accepted = ref true and leaves = ref 0 in
  (try
     expect "certify-kernel-1";
     for _ = 1 to natural () do
       let read = match words () with
         | "obligation" -> read_obligation
         | "claim" -> read_claim
         | word -> raise (Malformed word) in
       let name = words () in
       let obligation, task = read () in
       let start = Sys.time () in
       let answer = check obligation task in
       let count = List.length (List.filter (fun b -> b >= 64) task.tree) in
       leaves := !leaves + count;
       if not answer then accepted := false;
       Printf.printf "%s %s %d leaves %.2f s\n%!" name (if answer then "proved" else "not proved") count
         (Sys.time () -. start)
     done;
     match words () with
     | exception End_of_file -> ()
     | word -> raise (Malformed word)
   with
   | Malformed what -> prerr_endline ("certify-kernel: malformed: " ^ what); exit 2
   | End_of_file -> prerr_endline "certify-kernel: the text ends early"; exit 2);
  print_endline (if !accepted then "accepted" else "not accepted");
  exit (if !accepted then 0 else 5)
