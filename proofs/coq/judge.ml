(* The answer on a text: each obligation is proved in parts by the kernel. *)
open Kernel
open Text

exception Not_a_tree

(* How many bytes the tree that starts at each byte has. *)
let sizes tree =
  let size = Array.make (String.length tree) 1 in
  let rec from i following =
    if i < 0 then match following with [ _ ] -> () | _ -> raise Not_a_tree
    else if Char.code tree.[i] >= 64 then from (i - 1) (1 :: following)
    else match following with
      | a :: b :: others -> size.(i) <- 1 + a + b; from (i - 1) (size.(i) :: others)
      | _ -> raise Not_a_tree in
  from (String.length tree - 1) [];
  size

(* The top of the subtree of [tree] at [start] as a plan, and where the trees of its parts begin. *)
let plan tree size start largest =
  let top = ref [] and parts = ref [] in
  let rec from i =
    if size.(i) <= largest then begin
      top := 64 :: !top;
      parts := i :: !parts;
      i + size.(i)
    end else begin
      top := Char.code tree.[i] :: !top;
      from (from (i + 1))
    end in
  ignore (from start);
  (List.rev !top, Array.of_list (List.rev !parts))

let bytes tree start size =
  let rec from i l = if i < start then l else from (i - 1) (Char.code tree.[i] :: l) in
  from (start + size - 1) []

(* the numbers of all parts fit into a pipe: 4 bytes each, 65,536 *)
let most_parts = 4096

type answer = Proved of int | Open of int | Uncovered | Unfit

let leaves tree = String.fold_left (fun n c -> if Char.code c >= 64 then n + 1 else n) 0 tree

(* The first leaf that is not proved of the subtree at [start] over the box [b]. *)
let first_open entry place size start b =
  let top, leaves = plan entry.tree size start 1 in
  match parts entry.task.depth b top with
  | Some (boxes, []) ->
    let rec from i = function
      | [] -> Uncovered
      | b :: others ->
        if grown place entry.task b (bytes entry.tree leaves.(i) 1) then from (i + 1) others
        else Open leaves.(i) in
    from 0 boxes
  | _ -> Uncovered

(* By [Subtrees.divided_ok] the obligation holds if this says [Proved]. *)
let prove workers entry =
  match prepare entry.stated entry.task with
  | None -> Unfit
  | Some place ->
    match sizes entry.tree with
    | exception Not_a_tree -> Uncovered
    | size ->
      let all = String.length entry.tree in
      let rec divide largest =
        let top, starts = plan entry.tree size 0 largest in
        if Array.length starts > most_parts then divide (2 * largest) else (top, starts) in
      let top, starts = divide (1 + all / 256) in
      match divided place entry.task top with
      | None -> Uncovered
      | Some boxes ->
        let boxes = Array.of_list boxes in
        if Array.length boxes <> Array.length starts then Uncovered
        else
          let part i = grown place entry.task boxes.(i) (bytes entry.tree starts.(i) size.(starts.(i))) in
          let known = Pool.answers workers (Array.length boxes) part in
          (* the first part that is not proved; those that no copy answered for are tried here *)
          let rec from i = if i < Array.length boxes && (known.(i) || part i) then from (i + 1) else i in
          let i = from 0 in
          if i = Array.length boxes then Proved (leaves entry.tree)
          else first_open entry place size starts.(i) boxes.(i)

(* By [Acceptance.accepted_ok] trajectories from the cells are in the core in time if this says [Proved]. *)
let show workers crossing =
  let cells = Array.of_list crossing.cells in
  let all = Array.length cells in
  let each = 1 + all / most_parts in
  let is_shown i = let cell, hops, degree = cells.(i) in shown crossing.course crossing.halvings hops degree cell in
  let rec first_open i stop = if i < stop && is_shown i then first_open (i + 1) stop else i in
  let stop i = min all ((i + 1) * each) in
  let known = Pool.answers workers ((all + each - 1) / each) (fun i -> first_open (i * each) (stop i) = stop i) in
  let rec from i =
    if i = Array.length known then Proved all
    else if known.(i) then from (i + 1)
    else match first_open (i * each) (stop i) with j when j = stop i -> from (i + 1) | j -> Open j in
  from 0

let prove workers = function Tree entry -> prove workers entry | Cells crossing -> show workers crossing

let line wanted found =
  let name, part = match wanted with
    | Tree entry -> (entry.name, Printf.sprintf "leaf %d is not closed")
    | Cells crossing -> (crossing.paving, Printf.sprintf "cell %d is not shown") in
  match found with
  | Proved leaves -> Printf.sprintf "proved %s %d leaves" name leaves
  | Open position -> Printf.sprintf "open %s %s" name (part position)
  | Uncovered -> Printf.sprintf "open %s the tree does not cover its box" name
  | Unfit -> Printf.sprintf "open %s the coordinates or flags do not fit the obligation" name

(* What takes the place of functions of Coq's kernel is compared with it, or with OCaml's library. *)
let check_floats () =
  let powers = List.init 2098 (fun e -> ldexp 1. (e - 1074)) in
  let samples = [ 0.; 1.5; 0.1; max_float; infinity; nan ] @ powers @ List.map Float.pred powers in
  let same x y = Int64.bits_of_float x = Int64.bits_of_float y || (x <> x && y <> y) in
  let agrees x = same (next_up x) (Float.succ x) && same (next_down x) (Float.pred x) in
  let ordered x y =
    let order = Float64.compare x y in
    Float64.lt x y = (order = FLt) && Float64.le x y = (order = FLt || order = FEq) in
  let few = [ 0.; -0.; 1.; -1.; infinity; neg_infinity; nan ] in
  if not (List.for_all (fun x -> agrees x && agrees (-.x)) samples
          && List.for_all (fun x -> List.for_all (ordered x) few) few) then
    failwith "the neighbours or comparisons of floats are not those of OCaml"

type how = { workers : int; halvings : int; all : bool }

let default = { workers = 1; halvings = 24; all = false }

(* Whether every obligation of the text is proved; [print] is given a line for each, or those until the
   first that is not proved, unless [all] are asked for. *)
let judge how print text =
  check_floats ();
  let answer accepted wanted =
    if not (accepted || how.all) then false
    else begin
      let found = prove how.workers wanted in
      print (line wanted found);
      match found with Proved _ -> accepted | _ -> false
    end in
  let accepted = match entries how.halvings text with
    | read -> List.fold_left answer true read
    | exception Refused why -> print ("open " ^ why); false in
  print (if accepted then "accepted" else "not accepted");
  accepted

(* What is wrong with a text that has no answer. *)
let refusal = function
  | Malformed what -> Some ("malformed: " ^ what, 2)
  | Missing what -> Some ("this kernel does not have " ^ what, 4)
  | Stack_overflow | Out_of_memory -> Some ("not enough memory", 2)
  | _ -> None
