(** The obligation [descent] of T-STAB-D, made from the programs of a plant and of a Lyapunov
    function, and what its formula says. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Programs Tree Theorems Claims.
Import ListNotations.
Local Open Scope R_scope.

(** * The claim *)

Record claim := Claim
  { bounds : list (Q * Q);                     (* of the states *)
    others : list (Q * Q);                     (* of parameters and disturbances *)
    plant : list (node Q);                     (* over states and others, controller included *)
    outputs : list nat;                        (* where its next states are, counted back *)
    lyapunov : list (node Q);                  (* over states; its last vector is the value *)
    level : Q; decay : Q;
    rest : list Q;                             (* the equilibrium *)
    cube : list Q }.                           (* half of the sides of the cube around it *)

Fixpoint all_defined (v : vector) : option (list R) :=
  match v with
  | [] => Some []
  | a :: v' => match a, all_defined v' with Some x, Some l => Some (x :: l) | _, _ => None end
  end.

(** What may vary from step to step: the other variables, and the values of steps. *)
Definition variation : Type := list R * choice.
Definition allowed (c : claim) (w : variation) : Prop := in_box (others c) (fst w) /\ proper (snd w).
Definition next (c : claim) (x : list R) (w : variation) : option (list R) :=
  let e := run (x ++ fst w) (snd w) (plant c) [] in
  all_defined (map (fun k => hd None (nth k e [])) (outputs c)).
Definition value (c : claim) (x : list R) : option R :=
  hd None (hd [] (run x (fun _ _ => 0) (lyapunov c) [])).
Definition in_cube (c : claim) (x : list R) : Prop :=
  Forall2 (fun rs y => Rabs (y - Q2R (fst rs)) <= Q2R (snd rs)) (combine (rest c) (cube c)) x.

(** * Its obligation: linear in the states [x], the next states [y], and the values of both *)

Definition entry (size i : nat) (q : Q) : list Q := repeat 0%Q i ++ q :: repeat 0%Q (size - S i).
Definition pulls : list Q := [0; 1; 1 # 2; 4 # 5; 19 # 20]%Q.
Definition any_of {A} (f : A -> linear_formula) (l : list A) (last : linear_formula) : linear_formula :=
  fold_right (fun a g => Either (f a) g) last l.
Definition all_of {A} (f : nat -> A -> linear_formula) (l : list A) (last : linear_formula)
  : linear_formula := fold_right Both last (mapi f l).

Notation "u +++ v" := (Polynomials.pairwise Qplus u v) (at level 50).

Section Formula.
Variable c : claim.
Let n := length (bounds c).
Let size := (2 * n + 2)%nat.
Let x i q := entry size i q.
Let y i q := entry size (n + i) q.
Definition not_above (i : nat) (high theta : Q) : linear_formula :=
  Row false ((x i theta) +++ (y i (-1))) ((1 - theta) * high).
Definition not_below (i : nat) (low theta : Q) : linear_formula :=
  Row false ((x i (- theta)) +++ (y i 1)) (- ((1 - theta) * low)).
Definition stays_in (i : nat) (b : Q * Q) : linear_formula :=
  Both (any_of (not_above i (snd b)) pulls (not_above i (snd b) 0))
       (any_of (not_below i (fst b)) pulls (not_below i (fst b) 0)).
Definition is_near (i : nat) (rs : Q * Q) : linear_formula :=
  Both (Row false (x i (-1)) (snd rs + fst rs)) (Row false (x i 1) (snd rs - fst rs)).
Definition falling : linear_formula :=
  Both (Row true (entry size (2 * n) 1) 0)
       (Row true ((entry size (2 * n) (1 - decay c)) +++ (entry size (2 * n + 1) (-1))) 0).
Definition always : linear_formula := Row false (entry size 0 0) 1.
Definition body : linear_formula :=
  Both (all_of stays_in (bounds c) always)
       (Either (all_of is_near (combine (rest c) (cube c)) always) falling).

Definition descent : obligation :=
  let m := (n + length (others c))%nat in
  let a := length (plant c) in
  let b := length (lyapunov c) in
  let at_x i := (2 + 2 * b + a + (m - 1 - i))%nat in
  let at_y k := (2 + 2 * b + k)%nat in
  let count := length (rows body) in
  Obligation (bounds c ++ others c)
    (map Var (seq 0 m)
      ++ plugged (fun i => m - 1 - i)%nat 0 (plant c)
      ++ plugged (fun i => a + (m - 1 - i))%nat 0 (lyapunov c)
      ++ plugged (fun i => b + nth i (outputs c) O)%nat 0 (lyapunov c)
      ++ [Stack [b]; Affine [([1], - level c)] 0]%Q
      ++ [Stack (map at_x (seq 0 n) ++ map at_y (outputs c) ++ [2 + b; 2])]%nat
      ++ mapi (fun j r => Affine [r] j) (rows body))
    (Or (Positive (count + 1)) (numbered (count - 1) 0 body)).
End Formula.

(** What exact arithmetic decides. *)
Definition well_formed (c : claim) : bool :=
  let n := length (bounds c) in
  let m := (n + length (others c))%nat in
  closed_program m 0 (plant c) && closed_program n 0 (lyapunov c) &&
  Nat.ltb 0 (length (lyapunov c)) && forallb (fun k => Nat.ltb k (length (plant c))) (outputs c) &&
  Nat.eqb (length (outputs c)) n && Nat.eqb (length (rest c)) n && Nat.eqb (length (cube c)) n.

(** * Linear formulas in terms of what they say *)

Lemma dotR_repeat k : forall l v, dotR (repeat 0%Q k ++ l) v = dotR l (skipn k v).
Proof.
  induction k; intros l v; simpl; auto. destruct v as [|y v]; simpl.
  - destruct l; reflexivity.
  - rewrite IHk, Q2R_0. ring.
Qed.
Lemma dotR_zeros_end k v : dotR (repeat 0%Q k) v = 0.
Proof. revert v; induction k; intros [|y v]; simpl; auto. rewrite IHk, Q2R_0. ring. Qed.
Lemma dotR_entry size i q v : dotR (entry size i q) v = Q2R q * nth i v 0.
Proof.
  unfold entry. rewrite dotR_repeat. generalize (size - S i)%nat as k. intros k.
  revert v; induction i; intros v; simpl; (destruct v as [|y v]; simpl; [ring|]).
  - rewrite dotR_zeros_end. ring.
  - apply IHi.
Qed.
Lemma entry_length size i q : (i < size)%nat -> length (entry size i q) = size.
Proof. intros L. unfold entry. rewrite app_length. simpl. rewrite !repeat_length. lia. Qed.
Lemma pairwise_length a : forall b, length a = length b -> length (a +++ b) = length b.
Proof. induction a; intros [|y b] H; simpl in *; try discriminate; auto. Qed.

Lemma any_of_true {A} (f : A -> linear_formula) v l last : linear_truth v (any_of f l last) ->
  linear_truth v last \/ exists a, In a l /\ linear_truth v (f a).
Proof.
  induction l as [|a l IH]; simpl; auto. intros [H|H]; [eauto|].
  destruct (IH H) as [K|[z [Z K]]]; eauto.
Qed.
Lemma all_of_true {A} (f : nat -> A -> linear_formula) v last l : forall i,
  linear_truth v (fold_right Both last (mapi_from i f l)) ->
  forall j a, nth_error l j = Some a -> linear_truth v (f (i + j)%nat a).
Proof.
  induction l as [|b l IH]; intros i H [|j] a E; simpl in *; try discriminate.
  - inversion E; subst. rewrite Nat.add_0_r. apply H.
  - replace (i + S j)%nat with (S i + j)%nat by lia. apply (IH (S i)); auto. apply H.
Qed.

(** Every row of the body is as long as the vector. *)
Definition long (size : nat) (f : linear_formula) : Prop :=
  List.Forall (fun r => length (fst r) = size) (rows f).
Lemma long_any {A} (f : A -> linear_formula) size l last : (forall a, long size (f a)) ->
  long size last -> long size (any_of f l last).
Proof. intros H L. induction l; simpl; auto. apply Forall_app. split; [apply H|exact IHl]. Qed.
Lemma long_all {A} (f : nat -> A -> linear_formula) size last l : forall i, long size last ->
  (forall j a, (i <= j < i + length l)%nat -> long size (f j a)) ->
  long size (fold_right Both last (mapi_from i f l)).
Proof.
  induction l as [|b l IH]; intros i L H; simpl; auto. apply Forall_app. split.
  - apply H. simpl. lia.
  - apply IH; auto. intros. apply H. simpl. lia.
Qed.
Lemma body_long c : length (rest c) = length (bounds c) -> length (cube c) = length (bounds c) ->
  long (2 * length (bounds c) + 2) (body c).
Proof.
  intros Lr Lc. set (n := length (bounds c)) in *.
  assert (E : forall i q, (i < 2 * n + 2)%nat -> length (entry (2 * n + 2) i q) = (2 * n + 2)%nat)
    by (intros; now apply entry_length).
  assert (P : forall i j p q, (i < 2 * n + 2)%nat -> (j < 2 * n + 2)%nat ->
    length (entry (2 * n + 2) i p +++ entry (2 * n + 2) j q) = (2 * n + 2)%nat).
  { intros. rewrite pairwise_length; rewrite ?E; auto. }
  assert (W : long (2 * n + 2) (always c)) by (constructor; [apply E; lia|constructor]).
  unfold body, all_of, mapi. apply Forall_app. split; [|apply Forall_app; split].
  - apply long_all; auto. intros j b J. fold n in J. apply Forall_app.
    split; (apply long_any; [intros t|]); constructor; try constructor; apply P; lia.
  - apply long_all; auto. intros j b J. rewrite combine_length in J.
    constructor; [|constructor; [|constructor]]; apply E; lia.
  - constructor; [|constructor; [|constructor]]; [apply E|apply P]; lia.
Qed.

(** The parts of the body, for states [x], next states [y] and the values [v] and [u]. *)
Section Meaning.
Variables (c : claim) (x y : list R) (v u : R).
Let n := length (bounds c).
Hypotheses (Lx : length x = n) (Ly : length y = n).
Let vec := x ++ y ++ [v; u].

Lemma nth_x i : (i < n)%nat -> nth i vec 0 = nth i x 0.
Proof. intros L. unfold vec. apply app_nth1. lia. Qed.
Lemma nth_y i : (i < n)%nat -> nth (n + i) vec 0 = nth i y 0.
Proof.
  intros L. unfold vec. rewrite app_nth2 by lia. replace (n + i - length x)%nat with i by lia.
  apply app_nth1. lia.
Qed.
Lemma nth_v : nth (2 * n) vec 0 = v.
Proof.
  unfold vec. rewrite app_nth2 by lia. rewrite app_nth2 by lia.
  now replace (2 * n - length x - length y)%nat with O by lia.
Qed.
Lemma nth_u : nth (2 * n + 1) vec 0 = u.
Proof.
  unfold vec. rewrite app_nth2 by lia. rewrite app_nth2 by lia.
  now replace (2 * n + 1 - length x - length y)%nat with 1%nat by lia.
Qed.

Lemma Q2R_minus_one : Q2R (-1) = -1. Proof. unfold Q2R; simpl; lra. Qed.
Lemma pull_range t : In t pulls -> 0 <= Q2R t <= 1.
Proof.
  unfold pulls. simpl. intros H. unfold Q2R.
  repeat destruct H as [<-|H]; simpl; try lra; contradiction.
Qed.

Lemma stays_true : linear_truth vec (all_of (stays_in c) (bounds c) (always c)) ->
  stays (bounds c) x y.
Proof.
  intros H. assert (K : forall i b, nth_error (bounds c) i = Some b ->
    pulled b (nth i x 0) (nth i y 0)).
  { intros i b E. pose proof (all_of_true _ _ _ _ O H i b E) as [A B]. simpl plus in *.
    assert (L : (i < n)%nat) by (apply nth_error_Some; now rewrite E).
    assert (Up : forall t, In t pulls -> linear_truth vec (not_above c i (snd b) t) ->
      exists t, 0 <= t <= 1 /\ nth i y 0 - t * nth i x 0 <= (1 - t) * Q2R (snd b)).
    { intros t T Z. exists (Q2R t). split; [now apply pull_range|]. simpl in Z.
      rewrite dotR_plus, !dotR_entry in Z. fold n in Z. rewrite nth_x, nth_y in Z by auto.
      rewrite Q2R_mult, Q2R_minus, Q2R_1, Q2R_minus_one in Z. lra. }
    assert (Lo : forall t, In t pulls -> linear_truth vec (not_below c i (fst b) t) ->
      exists t, 0 <= t <= 1 /\ (1 - t) * Q2R (fst b) <= nth i y 0 - t * nth i x 0).
    { intros t T Z. exists (Q2R t). split; [now apply pull_range|]. simpl in Z.
      rewrite dotR_plus, !dotR_entry in Z. fold n in Z. rewrite nth_x, nth_y in Z by auto.
      rewrite Q2R_opp, Q2R_opp, Q2R_mult, Q2R_minus, Q2R_1 in Z. lra. }
    split.
    - destruct (any_of_true _ _ _ _ A) as [Z|[t [T Z]]]; eauto. apply (Up 0%Q); simpl; auto.
    - destruct (any_of_true _ _ _ _ B) as [Z|[t [T Z]]]; eauto. apply (Lo 0%Q); simpl; auto. }
  clear H. unfold n in *. revert Lx Ly K. clear. generalize (bounds c) as bs. intros bs. clear c.
  revert x y. induction bs as [|b bs IH]; intros [|p x] [|q y] Lx Ly K; simpl in *; try discriminate;
    constructor.
  - apply (K O b eq_refl).
  - apply IH; try lia. intros i b' E. apply (K (S i) b' E).
Qed.

Lemma near_true : length (rest c) = n -> length (cube c) = n ->
  linear_truth vec (all_of (is_near c) (combine (rest c) (cube c)) (always c)) -> in_cube c x.
Proof.
  intros Lr Lc H. assert (K : forall i rs, nth_error (combine (rest c) (cube c)) i = Some rs ->
    Rabs (nth i x 0 - Q2R (fst rs)) <= Q2R (snd rs)).
  { intros i rs E. pose proof (all_of_true _ _ _ _ O H i rs E) as [A B]. simpl plus in *.
    assert (L : (i < length (combine (rest c) (cube c)))%nat) by (apply nth_error_Some; now rewrite E).
    rewrite combine_length in L. simpl in A, B. rewrite dotR_entry in A, B. fold n in A, B.
    rewrite nth_x in A, B by lia.
    rewrite Q2R_plus, Q2R_minus_one in A. rewrite Q2R_minus, Q2R_1 in B.
    unfold Rabs; destruct Rcase_abs; lra. }
  unfold in_cube. clear H. assert (L : length (combine (rest c) (cube c)) = length x)
    by (rewrite combine_length; lia).
  revert L K. generalize (combine (rest c) (cube c)) as l. clear. revert x.
  intros x l. revert x. induction l as [|rs l IH]; intros [|p x] L K; simpl in *; try discriminate;
    constructor.
  - apply (K O rs eq_refl).
  - apply IH; try lia. intros i rs' E. apply (K (S i) rs' E).
Qed.

Lemma falling_true : linear_truth vec (falling c) -> 0 < v /\ 0 < (1 - Q2R (decay c)) * v - u.
Proof.
  intros [A B]. simpl in A, B. rewrite dotR_entry in A. rewrite dotR_plus, !dotR_entry in B.
  fold n in A, B. replace (n + (n + 0))%nat with (2 * n)%nat in * by lia.
  rewrite nth_v in A, B. rewrite nth_u in B.
  rewrite Q2R_0, Q2R_1 in A. rewrite Q2R_0, Q2R_minus, Q2R_1, Q2R_minus_one in B. lra.
Qed.
End Meaning.
