(** Differences within one program, written as differences: [tanh a - tanh b] is small where [a] and [b]
    are close, which is lost if the two are bounded one by one.

    In words: [proofs/theory/L-DIFF.md], sections 1 and 2.  Which parts of a sum are paired needs no proof: any
    difference that is written has the value of the difference that it is written for. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Tree Scalars Inline Rays ExactValues Quotients Along Moves LinearForms
  Merging.
Import ListNotations.
Local Open Scope R_scope.

Local Arguments Qred : simpl never.
Local Arguments Qmult : simpl never.
Local Arguments Qplus : simpl never.
Local Arguments Qopp : simpl never.
Local Arguments Q2R : simpl never.
Local Arguments get : simpl never.

(** What is written so far, the normal forms of its operations, and the differences that were written: of
    which two operations, where, and whether something that both have in common dropped out. *)
Record work := Work { done : list operation; normal : list form; met : list (nat * nat * (nat * bool)) }.

Section Written.
Variable var_at : list nat.                            (* an operation for each variable *)
Variable zero : nat.                                   (* where the constant 0 is *)

Fixpoint normal_of (n : nat) (s : list operation) (fs : list form) : list form :=
  match n, s with
  | S k, o :: s' => let fs' := normal_of k s' fs in operation_form var_at fs' (length s') o :: fs'
  | _, _ => fs
  end.
Definition grown (w : work) (s : list operation) : work :=
  Work s (normal_of (length s - length (done w)) s (normal w)) (met w).
Definition form_of (w : work) (j : nat) : form := form_at (normal w) j.
Definition operation_of (w : work) (j : nat) : operation := operation_at (rev (done w)) j.

(** ** Which operations are paired *)

(** No sum of others. *)
Definition is_part (w : work) (j : nat) : bool :=
  match form_of w j with Form [(t, _)] _ => Nat.eqb t j | _ => false end.
(** An operation of the values 0, 1, ... of a list of its arguments. *)
Fixpoint place_of (l : list nat) (a : nat) : nat :=
  match l with [] => O | b :: l => if Nat.eqb a b then O else S (place_of l a) end.
Definition local (o : operation) : operation := renamed (place_of (arguments o)) o.
Definition of_arguments (l : list nat) (o : operation) : operation := renamed (fun k => nth k l O) o.
Definition has_rule (o : operation) : bool :=
  match o with OMul _ _ | OMax _ _ | OCall _ _ | ORow _ _ _ => true | _ => false end.
(** The same operation of other values. *)
Definition parallel (p q : operation) : bool :=
  has_rule p && same (of_arguments (arguments p) (local p)) p && same (of_arguments (arguments q) (local p)) q.
Definition alike (w : work) (i j : nat) : bool :=
  is_part w i && is_part w j && parallel (operation_of w i) (operation_of w j).

Fixpoint coefficient (t : nat) (l : list (nat * Q)) : option Q :=
  match l with [] => None | (i, c) :: l => if Nat.eqb i t then Some c else coefficient t l end.
Fixpoint find_met (i j : nat) (l : list (nat * nat * (nat * bool))) : option (nat * bool) :=
  match l with
  | [] => None
  | (a, b, r) :: l => if Nat.eqb a i && Nat.eqb b j then Some r else find_met i j l
  end.
(** Those of the [others] with the opposite coefficient. *)
Definition most_partners : nat := 8.
Definition partners (w : work) (t : nat) (c : Q) (fits : nat -> bool) (others : list (nat * Q)) : list nat :=
  firstn most_partners (map fst (filter (fun jd => Qeq_bool (snd jd) (- c) && fits (fst jd) && alike w t (fst jd)) others)).

(** ** Sums with pairs of their parts as differences *)

Section Pairs.
Variable go : work -> nat -> nat -> work * (nat * bool).
Variable always : bool.                                (* also where nothing drops out *)

(** What is left of a sum, differences with their factors, and whether something dropped out. *)
Definition sums : Type := list (nat * Q) * list (nat * Q) * bool.
Fixpoint tried (w : work) (t : nat) (c : Q) (l : list nat) (r : sums) : work * sums :=
  match l with
  | [] => (w, r)
  | j :: l =>
    let '(w1, (g, smaller)) := go w t j in
    if always || smaller then
      let '(rest, gaps, before) := r in
      (w1, (insert t (- c) (insert j c rest), if Nat.eqb g zero then gaps else (g, c) :: gaps, smaller || before))
    else tried w1 t c l r
  end.
Fixpoint paired (fits : nat -> nat -> bool) (w : work) (l : list (nat * Q)) (r : sums) : work * sums :=
  match l with
  | [] => (w, r)
  | (t, _) :: l =>
    let rest := fst (fst r) in
    match coefficient t rest with
    | Some c => let (w1, r1) := tried w t c (partners w t c (fits t) rest) r in paired fits w1 l r1
    | None => paired fits w l r
    end
  end.
Fixpoint gaps_of (w : work) (l : list (nat * nat)) : work * list (nat * bool) :=
  match l with
  | [] => (w, [])
  | (a, b) :: l => let (w1, r) := go w a b in let (w2, rs) := gaps_of w1 l in (w2, r :: rs)
  end.
End Pairs.

(** A sum, written where it is not there yet. *)
Definition sum_at (w : work) (l : list (nat * Q)) (q : Q) : option (work * nat) :=
  match l with
  | [] => if is_zero q then Some (w, zero) else Some (grown w (OConst q :: done w), length (done w))
  | [(t, c)] =>
    if is_zero q && Qeq_bool c 1 && Nat.ltb t (length (done w)) then Some (w, t) else
    if Nat.ltb t (length (done w)) then Some (grown w (ORow [c] [t] q :: done w), length (done w)) else None
  | _ =>
    if below (length (done w)) (map fst l)
    then Some (grown w (ORow (map snd l) (map fst l) q :: done w), length (done w)) else None
  end.

Fixpoint choice_free (t : part) : bool :=
  match t with
  | PAt _ | PConst _ | PRow _ _ => true
  | PAdd a b | PMul a b | PMax a b | PIncrement _ a b => choice_free a && choice_free b
  | PCall _ a => choice_free a
  | PStep _ | PQuotient _ _ _ | PQuotient2 _ _ _ => false
  end.

(** ** The difference of two operations *)

Definition plainly (w : work) (i j : nat) : work * (nat * bool) :=
  (grown w (ORow [1; -1]%Q [i; j] 0 :: done w), (length (done w), false)).
Definition drops (o : operation) (changes : list (nat * bool)) : bool :=
  match o with
  | OMul _ _ =>
    if existsb (fun g => Nat.eqb (fst g) zero) changes then existsb snd changes else forallb snd changes
  | _ => existsb snd changes
  end.
Definition in_parallel (go : work -> nat -> nat -> work * (nat * bool)) (w : work) (i j : nat) : work * (nat * bool) :=
  let p := operation_of w i in let q := operation_of w j in
  let (w1, changes) := gaps_of go w (combine (arguments p) (arguments q)) in
  match change_rule zero (rev (map (fun bg => Move (fst bg) (fst (snd bg))) (combine (arguments q) changes))) (local p) with
  | Some t =>
    if written_below (length (done w1)) t && choice_free t then
      let (s, g) := write t (done w1) in (grown w1 s, (g, drops p changes))
    else plainly w1 i j
  | None => plainly w1 i j
  end.
Definition by_parts (go : work -> nat -> nat -> work * (nat * bool)) (w : work) (i j : nat) : work * (nat * bool) :=
  let f := form_of w i in let h := form_of w j in
  let d := plus f (scaled (-1) h) in
  let cancelled := existsb (fun t => match coefficient t (terms d) with None => true | _ => false end) (map fst (terms f)) in
  let fits t t' := match coefficient t (terms f), coefficient t' (terms h) with Some _, Some _ => true | _, _ => false end in
  let '(w1, (rest, gaps, smaller)) := paired go true fits w (terms d) (terms d, [], cancelled) in
  match sum_at w1 (rest ++ rev gaps) (constant d) with
  | Some (w2, g) => (w2, (g, smaller))
  | None => plainly w1 i j
  end.
(** [i - j] *)
Fixpoint gap (fuel : nat) (w : work) (i j : nat) : work * (nat * bool) :=
  if Nat.eqb i j then (w, (zero, match terms (form_of w i) with [] => false | _ => true end)) else
  match find_met i j (met w) with
  | Some r => (w, r)
  | None =>
    let '(w1, r) := match fuel with
      | O => plainly w i j
      | S k => if alike w i j then in_parallel (gap k) w i j else by_parts (gap k) w i j
      end in
    (Work (done w1) (normal w1) ((i, j, r) :: met w1), r)
  end.

(** ** A program with the differences in its sums written as such *)

Definition regrouped (w : work) (j : nat) : work * form :=
  let f := form_of w j in
  let go := gap (length (done w)) in
  let '(w1, (rest, gaps, _)) := paired go false Nat.ltb w (terms f) (terms f, [], false) in
  (w1, Form (rest ++ rev gaps) (constant f)).
(** The same value, in fewer or closer parts if there are such. *)
Definition materialised (w : work) (j : nat) : work * nat :=
  let (w1, f) := regrouped w j in
  if all2 Nat.eqb (map fst (terms f)) (map fst (terms (form_of w j))) then (w1, j) else
  match sum_at w1 (terms f) (constant f) with Some r => r | None => (w1, j) end.
Fixpoint materialised_all (w : work) (l : list nat) : work * list nat :=
  match l with
  | [] => (w, [])
  | j :: l => let (w1, r) := materialised w j in let (w2, rs) := materialised_all w1 l in (w2, r :: rs)
  end.
(** A row of a matrix: its arguments are written before it is a sum of other things. *)
Definition is_layer (o : operation) : bool := match o with ORow _ _ _ => true | _ => false end.
Definition place_in (rs : list nat) (a : nat) : nat := nth (length rs - S a) rs O.
Definition rewritten_operation (rs : list nat) (self : nat) (w : work) (o : operation) : work * nat :=
  if settled o && negb (Nat.eqb (length (arguments o)) 0) then
    let ps := map (place_in rs) (arguments o) in
    let (w1, ps) := if is_part w self || is_layer o then materialised_all w ps else (w, ps) in
    if all2 Nat.eqb ps (arguments o) then (w1, self) else
    let o' := renamed (fun a => nth (place_of (arguments o) a) ps O) o in
    if below (length (done w1)) (arguments o') then (grown w1 (o' :: done w1), length (done w1)) else (w1, self)
  else (w, self).
Fixpoint rewritten (p : list operation) (w : work) : work * list nat :=
  match p with
  | [] => (w, [])
  | o :: p' =>
    let (w1, rs) := rewritten p' w in
    let (w2, r) := rewritten_operation rs (length p') w1 o in (w2, r :: rs)
  end.
Fixpoint regrouped_all (w : work) (l : list nat) : work * list form :=
  match l with
  | [] => (w, [])
  | j :: l => let (w1, f) := regrouped w j in let (w2, fs) := regrouped_all w1 l in (w2, f :: fs)
  end.
(** [p], the lower part of [s]: what is written on [s], and forms for some of the operations of [p]. *)
Definition with_differences (p s : list operation) (wanted : list nat) : list operation * list form :=
  if ordered s then
    let (w, rs) := rewritten p (Work s (forms var_at s) []) in
    let (w1, fs) := regrouped_all w (map (place_in rs) wanted) in
    (done w1, fs)
  else (s, map (form_at (forms var_at s)) wanted).
End Written.
